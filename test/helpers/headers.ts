// What the isolation plugin adds to a response.

/** The headers of a registration without options. */
export const isolationDefaults = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-site'
}

/** The isolation headers of a response, and no others. */
export function isolationHeaders ({ headers }: { headers: Record<string, unknown> }): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /^cross-origin-|^document-isolation|^origin-agent/.test(name)))
}
