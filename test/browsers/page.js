// Runs in the pages that send requests. The address after `#` says what to send: tasks, each a vehicle and a
// URL, those of `atOnce` and those of `atClick`. Nothing is asked of the page by the test, because a browser
// takes a question for a gesture of the user, and marks requests by it: the page tells the server.

const vehicles = {
  form: url => submit(url, 'application/x-www-form-urlencoded', '_self'),
  'form-multipart': url => submit(url, 'multipart/form-data', '_self'),
  'form-text': url => submit(url, 'text/plain', '_self'),
  'form-in-window': url => submit(url, 'application/x-www-form-urlencoded', '_blank'),
  'form-in-named-window': url => submit(url, 'application/x-www-form-urlencoded', 'urlencoded'),
  'form-multipart-in-window': url => submit(url, 'multipart/form-data', 'multipart'),
  'form-text-in-window': url => submit(url, 'text/plain', 'text'),
  'form-in-frame': url => submit(url, 'application/x-www-form-urlencoded', namedFrame()),
  'form-multipart-in-frame': url => submit(url, 'multipart/form-data', namedFrame()),
  'form-text-in-frame': url => submit(url, 'text/plain', namedFrame()),
  'fetch-cors': url => fetch(url, { method: 'POST', mode: 'cors', credentials: 'omit', body: 'x' }),
  'fetch-cors-credentials': url => fetch(url, { method: 'POST', mode: 'cors', credentials: 'include', body: 'x' }),
  'fetch-no-cors': url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'omit', body: 'x' }),
  'fetch-no-cors-credentials': url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' }),
  'fetch-same-origin': url => fetch(url, { method: 'POST', mode: 'same-origin', body: 'x' }),
  'fetch-preflight': url => fetch(url, { method: 'PUT', credentials: 'include', headers: { 'content-type': 'application/json', 'x-own': '1' }, body: '{}' }),
  'fetch-keepalive': url => fetch(url, { method: 'POST', mode: 'no-cors', keepalive: true, body: 'x' }),
  'fetch-keepalive-on-leave': async url => { addEventListener('pagehide', () => { fetch(url, { method: 'POST', mode: 'no-cors', keepalive: true, body: 'x' }) }) },
  xhr: async url => sendXhr(url, 'POST', false, {}),
  'xhr-credentials': async url => sendXhr(url, 'POST', true, {}),
  'xhr-preflight': async url => sendXhr(url, 'DELETE', true, { 'x-own': '1' }),
  beacon: async url => { navigator.sendBeacon(url, 'x') },
  'beacon-on-leave': async url => { addEventListener('pagehide', () => { navigator.sendBeacon(url, 'x') }) },
  ping: async url => { click(Object.assign(document.createElement('a'), { href: 'about:blank', ping: url, target: namedFrame() })) },
  websocket: async url => openSocket(url.replace(/^http/, 'ws')),

  image: async url => load('img', 'src', url),
  script: async url => load('script', 'src', url),
  object: async url => load('object', 'data', url),
  embed: async url => load('embed', 'src', url),
  frame: async url => load('iframe', 'src', url),
  link: async url => { click(Object.assign(document.createElement('a'), { href: url })) },
  'fetch-get': url => fetch(url, { mode: 'cors', credentials: 'include' }),
  'fetch-get-no-cors': url => fetch(url, { mode: 'no-cors', credentials: 'include' }),

  // What only loads.
  prefetch: async url => hint('prefetch', url),
  preload: async url => hint('preload', url, { as: 'image' }),
  modulepreload: async url => hint('modulepreload', url),
  stylesheet: async url => hint('stylesheet', url),
  module: async url => load('script', 'src', url, { type: 'module' }),
  // In text, because the linter does not know the syntax yet.
  'json-module': async url => write('module', `import json from '${url}' with { type: 'json' }`),
  font: url => new FontFace('own', `url(${url})`).load(),
  video: async url => load('video', 'src', url),
  'event-source': async url => { new EventSource(url, { withCredentials: true }).onerror = ({ target }) => target.close() },
  'link-in-window': async url => { click(Object.assign(document.createElement('a'), { href: url, target: '_blank' })) },
  popup: async url => { window.open(url) },
  download: async url => { click(Object.assign(document.createElement('a'), { href: url, download: 'statement' })) },

  // Scripts that are not in the page.
  'fetch-later': async url => { window.fetchLater(url, { method: 'POST', body: 'x', activateAfter: 0 }) },
  'worker-fetch': url => inWorker(url, () => new Worker(workerUrl())),
  'worker-websocket': url => inWorker(url, () => new Worker(workerUrl()), 'websocket'),
  'nested-worker-fetch': url => inWorker(url, () => new Worker(workerUrl('?nests'))),
  'nested-worker-websocket': url => inWorker(url, () => new Worker(workerUrl('?nests')), 'websocket'),
  'blob-worker-fetch': url => inWorker(url, () => new Worker(URL.createObjectURL(new Blob([imports()])))),
  'blob-worker-websocket': url => inWorker(url, () => new Worker(URL.createObjectURL(new Blob([imports()]))), 'websocket'),
  'data-worker-fetch': url => inWorker(url, () => new Worker(`data:text/javascript,${encodeURIComponent(imports())}`)),
  'data-worker-websocket': url => inWorker(url, () => new Worker(`data:text/javascript,${encodeURIComponent(imports())}`), 'websocket'),
  'shared-worker-fetch': url => inWorker(url, () => new SharedWorker(workerUrl('?shared')).port),
  'shared-worker-websocket': url => inWorker(url, () => new SharedWorker(workerUrl('?shared')).port, 'websocket'),
  'service-worker-fetch': url => inServiceWorker(url, 'fetch-cors-credentials'),
  'service-worker-keepalive': url => inServiceWorker(url, 'fetch-keepalive'),
  'service-worker-websocket': url => inServiceWorker(url, 'websocket'),

  // What the browser reports by itself, of a page in a frame or in a window.
  'report-csp-uri': async url => load('iframe', 'src', reporting('csp-uri', url)),
  'report-csp': async url => load('iframe', 'src', reporting('csp', url)),
  'report-coep': async url => load('iframe', 'src', reporting('coep', url)),
  'report-permissions': async url => load('iframe', 'src', reporting('permissions', url)),
  'report-coop': async url => { window.open(reporting('coop', url)) }
}

const reporting = (kind, url) => `/reporting/${kind}?to=${encodeURIComponent(url)}`

function write (type, textContent) {
  document.head.append(Object.assign(document.createElement('script'), { type, textContent }))
}

function hint (rel, href, properties) {
  document.head.append(Object.assign(document.createElement('link'), { rel, href, ...properties }))
}

const workerUrl = (query = '') => `/worker.js${query}`
const imports = () => `importScripts('${location.origin}/worker.js')`

// A worker to which nothing refers may be ended before it has sent anything.
const ports = []

async function inWorker (url, create, vehicle = 'fetch-cors-credentials') {
  const port = create()
  ports.push(port)
  const ending = new Promise((resolve, reject) => { port.onmessage = resolve; port.onerror = reject })
  port.postMessage({ vehicle, url })
  await ending
}

async function inServiceWorker (url, vehicle) {
  // A scope in which there is no page: the worker takes no requests of any.
  const { installing, waiting, active } = await navigator.serviceWorker.register(workerUrl(), { scope: '/nowhere' })
  const ending = new Promise(resolve => { navigator.serviceWorker.addEventListener('message', ({ data }) => data === url && resolve()) })
  ;(installing ?? waiting ?? active).postMessage({ vehicle, url })
  await ending
}

async function submit (url, enctype, target) {
  const form = document.body.appendChild(Object.assign(document.createElement('form'), { method: 'post', action: url, enctype, target }))
  form.append(Object.assign(document.createElement('input'), { name: 'amount', value: '100' }))
  form.submit()
}

let frames = 0

function namedFrame () {
  const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { name: `frame-${frames++}` }))
  return frame.name
}

function click (link) {
  document.body.append(link)
  link.click()
}

function sendXhr (url, method, withCredentials, headers) {
  const request = new XMLHttpRequest()
  request.open(method, url)
  request.withCredentials = withCredentials
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
  request.send('x')
}

function openSocket (url) {
  const socket = new WebSocket(url)
  socket.onopen = () => socket.close()
}

function load (tag, attribute, url, properties) {
  const element = Object.assign(document.createElement(tag), properties)
  element.setAttribute(attribute, url)
  document.body.append(element)
}

/** Sends all, and resolves when every one has ended that the browser may not send: nothing else tells the server of these. */
async function fire (tasks) {
  const endings = tasks.map(({ vehicle, url }) => vehicles[vehicle](url).catch(() => {}))
  await Promise.all(endings.filter((_ending, i) => tasks[i].isAwaited))
}

/** Sends shortly, so that whoever opened the page is gone, and at a click, which alone may open windows. */
async function start ({ id, atOnce, atClick, leaves, tells }) {
  document.querySelector('#go').onclick = () => { fire(atClick.splice(0, 1)) }
  await new Promise(resolve => { setTimeout(resolve, 30) })
  await fire(atOnce)
  if (leaves) location.href = 'about:blank'
  if (tells) tellSettled(id)
}

/** To the page around, or from here to the server. */
function tellSettled (id) {
  if (isInFrame) parent.postMessage({ isSettled: true }, '*')
  else fetch(`/settled/${id}`)
}

// Another kind of document is made in a frame of this page, which passes on what it hears.
const { kind = 'page' } = document.currentScript.dataset
const isInFrame = kind === 'inner'
const inner = `<!doctype html><body><button id="go" style="position: fixed; inset: 0; width: 100%">Go</button><script src="${document.currentScript.src}" data-kind="inner"></script>`

const documents = {
  sandbox: () => ({ sandbox: 'allow-scripts allow-forms allow-popups', src: '/page?kind=inner' }),
  data: () => ({ src: `data:text/html,${encodeURIComponent(inner)}` }),
  blob: () => ({ src: URL.createObjectURL(new Blob([inner], { type: 'text/html' })) }),
  srcdoc: () => ({ srcdoc: inner })
}

/** Lets an extension send, once it is there. */
function playInExtension ({ id, atOnce }) {
  window.onmessage = ({ data }) => {
    if (data.isSettled) tellSettled(id)
    if (data.isLoaded) postMessage({ for: kind, tasks: atOnce })
  }
}

const plan = location.hash && JSON.parse(decodeURIComponent(location.hash.slice(1)))

async function play () {
  if (kind.endsWith('worker')) {
    await navigator.serviceWorker.register(`/${kind}.js`)
    const { active } = await navigator.serviceWorker.ready
    if (!navigator.serviceWorker.controller) {
      await new Promise(resolve => {
        navigator.serviceWorker.oncontrollerchange = resolve
        // WebKit loads a page without its worker now and then, even when the worker has been active for a long time.
        active.postMessage('claim')
      })
    }
  }
  if (!(kind in documents)) return start(plan)
  const frame = Object.assign(document.createElement('iframe'), { style: 'position: fixed; inset: 0; width: 100%; height: 100%' })
  for (const [name, value] of Object.entries(documents[kind]())) frame.setAttribute(name, value)
  window.onmessage = ({ data }) => data.isLoaded ? frame.contentWindow.postMessage(plan, '*') : tellSettled(plan.id)
  document.body.append(frame)
}

if (isInFrame) {
  window.onmessage = ({ data }) => start(data)
  parent.postMessage({ isLoaded: true }, '*')
} else if (kind.startsWith('extension')) {
  playInExtension(plan)
} else if (plan) {
  window.onload = play
}
