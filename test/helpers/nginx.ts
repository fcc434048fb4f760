// A real nginx and a real curl, where they are installed; what is missing where they are not, as the reason to skip a test.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import type { Test } from 'tap'
import { freePort, sendRaw } from './socket.ts'

const { stderr: build, error: nginxError } = spawnSync('nginx', ['-V'], { encoding: 'utf8' })
const { stdout: features, error: curlError } = spawnSync('curl', ['--version'], { encoding: 'utf8' })

export const nginxMissing = nginxError !== undefined && 'nginx is not installed: apt-get install nginx, then run the tests again'

export const curlMissing = nginxMissing || (curlError !== undefined && 'curl is not installed: apt-get install curl, then run the tests again')

export const nginxVersion = /nginx\/([\d.]+)/.exec(build ?? '')?.[1] ?? '0.0.0'

export const http3Missing = curlMissing || lacksHttp3()

/** The variables $is_request_port and $request_port. */
export const knowsRequestPort = isAtLeast('1.29.3')

export interface Tls { readonly key: string, readonly cert: string, readonly hasHttp3?: boolean }

export async function certificate (commonName: string): Promise<Tls> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: commonName }])
  return { key, cert }
}

/** Starts an nginx with a server for each block, on free ports of the loopback interface; over TLS, HTTP/2 and HTTP/3 on demand. */
export async function startNginx (t: Test, blocks: string[], tls?: Tls): Promise<number[]> {
  const ports = await Promise.all(blocks.map(freePort))
  const servers = blocks.map((block, i) => `server { ${listenDirectives(`127.0.0.1:${ports[i]}`, tls)} ${block} }`)
  const directory = t.testdir({
    ...(tls && { 'key.pem': tls.key, 'cert.pem': tls.cert }),
    'nginx.conf': `
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr warn;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${name};`).join('\n')}
        ${tls === undefined ? '' : 'ssl_certificate cert.pem; ssl_certificate_key key.pem;'}
        ${servers.join('\n')}
      }`
  })
  const nginx = spawn('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: ['ignore', 'inherit', 'inherit'] })
  t.teardown(async () => {
    nginx.kill()
    if (nginx.exitCode === null) await once(nginx, 'exit')
  })
  for (const port of ports) await untilListening(port)
  return ports
}

/** Runs curl, which takes every host for the server on this port; gives the status of the answer. */
export async function curl (port: number, words: string[]): Promise<number> {
  const given = ['--insecure', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--connect-to', `::127.0.0.1:${port}`]
  // "--http3" would try HTTP/2 at the same time.
  const { stdout } = await promisify(execFile)('curl', [...given, ...words.map(word => word === '--http3' ? '--http3-only' : word)])
  return Number(stdout)
}

// ---------------------------------------------------------------------------------------------

function listenDirectives (address: string, tls?: Tls): string {
  if (tls === undefined) return `listen ${address};`
  const secure = isAtLeast('1.25.1') ? `listen ${address} ssl; http2 on;` : `listen ${address} ssl http2;`
  return tls.hasHttp3 ? `${secure} listen ${address} quic reuseport;` : secure
}

function lacksHttp3 (): string | false {
  if (!build.includes('--with-http_v3_module')) return `nginx ${nginxVersion} has no HTTP/3 here: it takes 1.25 or later, built --with-http_v3_module`
  return !features.includes('HTTP3') && 'curl has no HTTP/3 here: "curl --version" does not name it'
}

function isAtLeast (version: string): boolean {
  return nginxVersion.localeCompare(version, 'en', { numeric: true }) >= 0
}

async function untilListening (port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    // Servers that speak TLS answer it too.
    const isUp = await sendRaw(port, ['OPTIONS / HTTP/1.1', 'Host: app.example']).then(() => true, () => false)
    if (isUp) return
    await sleep(50)
  }
  throw new Error(`nothing listens on port ${port}`)
}
