export const repository: string

export interface RunOptions { readonly cwd: string, readonly node?: string }

export function temporaryFolder (name: string): string
export function run (program: string, words: readonly string[], options: RunOptions): Promise<{ code: number | null, stdout: string, stderr: string, output: string }>
export function runWell (program: string, words: readonly string[], options: RunOptions): Promise<string>
export function npm (...words: string[]): [program: string, words: string[]]
