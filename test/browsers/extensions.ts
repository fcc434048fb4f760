// Extensions that send requests from their own script, one that may access every host and one that may access none.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const extensionKinds = ['extension', 'extension-without-permission'] as const

/** Writes both, and returns their directories. */
export function writeExtensions () {
  const base = mkdtempSync(join(tmpdir(), 'extensions-'))
  const paths = extensionKinds.map(kind => {
    const path = join(base, kind)
    cpSync(fileURLToPath(new URL('extension', import.meta.url)), path, { recursive: true })
    writeFileSync(join(path, 'manifest.json'), JSON.stringify({
      manifest_version: 3,
      name: kind,
      version: '1.0',
      ...(kind === 'extension' && { host_permissions: ['*://*/*'] }),
      // Chromium knows service workers only, Firefox scripts only.
      background: { service_worker: 'background.js', scripts: ['background.js'] },
      // Not in the bank's own pages: a content script is a permission for their host.
      content_scripts: [{ matches: ['*://127.0.0.1/page*', '*://evil.test/page*'], js: ['content.js'], run_at: 'document_end' }],
      // Firefox makes https of http by default.
      content_security_policy: { extension_pages: "script-src 'self'" },
      browser_specific_settings: { gecko: { id: `${kind}@app.test` } }
    }))
    return path
  })
  return { paths, remove () { rmSync(base, { recursive: true }) } }
}
