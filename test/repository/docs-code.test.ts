// Checks every code block in the documents: the compiler checks JavaScript and TypeScript against the built package, under its
// public name; commands and nginx directives are compared with what the repository runs.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

// With forward slashes on Windows too, because the compiler uses no others.
const root = fileURLToPath(new URL('../../', import.meta.url)).replaceAll('\\', '/')
const text = (file: string) => readFileSync(`${root}${file}`, 'utf8')

interface Block { readonly place: string, readonly language: string, readonly code: string }

const documents = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...readdirSync(`${root}docs`).filter(name => name.endsWith('.md')).map(name => `docs/${name}`),
  'examples/README.md'
]

const blocks: readonly Block[] = documents.flatMap(document => (
  [...text(document).matchAll(/^```(\S*)\n(.*?)^```$/gms)].map(({ 1: language = '', 2: code = '', index }) => ({
    place: `${document}:${text(document).slice(0, index).split('\n').length}`, language, code
  }))
))

const ofLanguage = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language))

t.test('every block names its language', async t => {
  t.same(blocks.filter(({ language }) => !['js', 'ts', 'sh', 'nginx', 'json', 'text'].includes(language)).map(({ place }) => place), [])
  t.ok(ofLanguage('js', 'ts').length > 10)
})

t.test('JavaScript and TypeScript compile', async t => {
  // What the documents use without defining it. A block that defines its own hides these.
  const prelude = `
    import type { FastifyInstance } from 'fastify'
    declare global {
      const fastify: FastifyInstance
      const app: FastifyInstance
      const scope: FastifyInstance
      const assert: typeof import('node:assert/strict')
      const crossOriginProtection: typeof import('fastify-cross-origin-protection').crossOriginProtection
      const crossOriginIsolation: typeof import('fastify-cross-origin-protection').crossOriginIsolation
      const Fastify: typeof import('fastify').default
      const adapter: { getInstance (): FastifyInstance }
      const auth: { handler (request: Request): Promise<Response> }
      function isOwnedByTenant (origin: string, host: string): Promise<boolean>
      function page (fields: { token?: string }): string
      function transfer (): Promise<string>
      function order (): Promise<string>
      // In service workers.
      function addEventListener (
        type: 'fetch', listener: (event: { request: Request, respondWith (response: Promise<Response>): void }) => void
      ): void
    }
    // Node types the messages of a channel as unknown.
    declare module 'node:diagnostics_channel' {
      function subscribe (
        name: 'fastify-cross-origin-protection:denied', onMessage: (message: import('fastify-cross-origin-protection').DeniedMessage) => void
      ): void
      function subscribe (
        name: 'fastify-cross-origin-protection:allowed', onMessage: (message: import('fastify-cross-origin-protection').AllowedMessage) => void
      ): void
    }`
  const folder = `${root}test/docs-code`
  const files = new Map([[`${folder}/prelude.ts`, prelude]])
  for (const [i, { code }] of ofLanguage('js', 'ts').entries()) files.set(`${folder}/block-${i}.ts`, `${code}\nexport {}\n`)

  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson({
    ...config.compilerOptions, noEmit: true, noImplicitAny: false, isolatedModules: false
  }, root)
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = name => files.has(name) || fileExists(name)
  host.readFile = name => files.get(name) ?? readFile(name)
  host.getSourceFile = (name, target, ...rest) => {
    const code = files.get(name)
    return code === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, code, target)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  t.same(ts.getPreEmitDiagnostics(program, program.getSourceFile(`${folder}/prelude.ts`)).map(({ messageText }) => messageText), [], 'the prelude')
  for (const [i, { place }] of ofLanguage('js', 'ts').entries()) {
    const diagnostics = ts.getPreEmitDiagnostics(program, program.getSourceFile(`${folder}/block-${i}.ts`))
    t.same(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')), [], place)
  }
})

/** Commands of the documents that a test runs: test/proxy.test.ts and test/repository/documents.test.ts. */
const runCommands = [...`${text('docs/proxies.md')}${text('README.md')}`.matchAll(/^curl .*$/gm)].map(([command]) => command)

t.test('commands name scripts that exist', async t => {
  const { scripts } = JSON.parse(text('package.json'))
  for (const { place, code } of ofLanguage('sh')) {
    for (const command of code.trim().split(/\n|&&/).map(line => line.trim())) {
      const [program, ...words] = command.split(/\s+/)
      if (program === 'npm' && words[0] === 'run') t.ok(words[1]! in scripts, `${place}: ${command}`)
      else if (program === 'npm') t.ok(['ci', 'install', 'test', 'start', 'uninstall', 'pack', 'view'].includes(words[0]!), `${place}: ${command}`)
      else if (program === 'jq') t.equal(place.split(':')[0], 'docs/migration.md', `${place}: ${command}, which the migration test runs`)
      else if (program === 'curl') t.ok(runCommands.includes(command), `${place}: ${command}, which a test runs`)
      else t.equal(program, 'apt-get', `${place}: ${command}`)
    }
  }
})

t.test('JSON can be parsed', async t => {
  for (const { place, code } of ofLanguage('json')) t.doesNotThrow(() => JSON.parse(code), place)
})

t.test('nginx directives are those in the proxy test', async t => {
  for (const { place, code } of ofLanguage('nginx')) {
    for (const line of code.trim().split('\n')) t.ok(text('test/proxy.test.ts').includes(line), `${place}: ${line}`)
  }
})

t.test('relative links lead to files and headings that exist', async t => {
  for (const document of documents) {
    const folder = document.replace(/[^/]*$/, '')
    // Code that looks like a link is none; the text of a link may be code.
    const prose = text(document).replace(/(`+).*?\1/g, '')
    for (const [, target = ''] of prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? document : new URL(file, `file:///${folder}`).pathname.slice(1)
      t.ok(existsSync(`${root}${path}`), `${document}: ${target}`)
      if (anchor === undefined) continue
      const anchors = [...text(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => (
        heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-')
      ))
      t.ok(anchors.includes(anchor), `${document}: ${target}`)
    }
  }
})
