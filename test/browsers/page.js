// Runs in the pages that send requests. `start`, or a click on the button for those that
// are `pending`, fires tasks, each a vehicle and a URL. `settled` counts those that the page knows to have
// ended, well or not.

const vehicles = {
  form: url => submit(url, 'application/x-www-form-urlencoded', '_self'),
  'form-multipart': url => submit(url, 'multipart/form-data', '_self'),
  'form-text': url => submit(url, 'text/plain', '_self'),
  'form-in-window': url => submit(url, 'application/x-www-form-urlencoded', '_blank'),
  'form-in-named-window': url => submit(url, 'application/x-www-form-urlencoded', 'named'),
  'form-in-frame': url => submit(url, 'application/x-www-form-urlencoded', namedFrame()),
  'fetch-cors': url => fetch(url, { method: 'POST', mode: 'cors', credentials: 'omit', body: 'x' }),
  'fetch-cors-credentials': url => fetch(url, { method: 'POST', mode: 'cors', credentials: 'include', body: 'x' }),
  'fetch-no-cors': url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'omit', body: 'x' }),
  'fetch-no-cors-credentials': url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' }),
  'fetch-same-origin': url => fetch(url, { method: 'POST', mode: 'same-origin', body: 'x' }),
  'fetch-preflight': url => fetch(url, { method: 'PUT', credentials: 'include', headers: { 'content-type': 'application/json', 'x-own': '1' }, body: '{}' }),
  'fetch-keepalive': url => fetch(url, { method: 'POST', mode: 'no-cors', keepalive: true, body: 'x' }),
  xhr: url => sendXhr(url, 'POST', false, {}),
  'xhr-credentials': url => sendXhr(url, 'POST', true, {}),
  'xhr-preflight': url => sendXhr(url, 'DELETE', true, { 'x-own': '1' }),
  beacon: async url => { navigator.sendBeacon(url, 'x') },
  ping: async url => { click(Object.assign(document.createElement('a'), { href: 'about:blank', ping: url, target: namedFrame() })) },
  websocket: url => openSocket(url.replace(/^http/, 'ws')),

  image: url => load('img', 'src', url),
  script: url => load('script', 'src', url),
  object: url => load('object', 'data', url),
  embed: url => load('embed', 'src', url),
  frame: url => load('iframe', 'src', url),
  link: async url => { click(Object.assign(document.createElement('a'), { href: url })) },
  'fetch-get': url => fetch(url, { mode: 'cors', credentials: 'include' }),
  'fetch-get-no-cors': url => fetch(url, { mode: 'no-cors', credentials: 'include' })
}

function fire (tasks) {
  window.settled = 0
  for (const { vehicle, url } of tasks) vehicles[vehicle](url).catch(() => {}).finally(report)
}

function report () {
  window.settled++
  if (parent !== window) parent.postMessage({ settled: window.settled }, '*')
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
  return new Promise(resolve => {
    const request = new XMLHttpRequest()
    request.open(method, url)
    request.withCredentials = withCredentials
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.onloadend = resolve
    request.send('x')
  })
}

function openSocket (url) {
  return new Promise(resolve => {
    const socket = new WebSocket(url)
    socket.onopen = () => socket.close()
    socket.onclose = resolve
  })
}

function load (tag, attribute, url) {
  return new Promise(resolve => {
    const element = Object.assign(document.createElement(tag), { onload: resolve, onerror: resolve })
    setTimeout(resolve, 1000) // Of some that fail, Firefox tells nothing.
    element.setAttribute(attribute, url)
    document.body.append(element)
  })
}

// A page that stands for another document: it makes that document in a frame, and passes on what it is told.
const { kind = 'page' } = document.currentScript.dataset
const inner = `<!doctype html><body><script src="${document.currentScript.src}"></script>`

const documents = {
  sandbox: () => ({ sandbox: 'allow-scripts allow-forms allow-popups', src: '/page' }),
  data: () => ({ src: `data:text/html,${encodeURIComponent(inner)}` }),
  blob: () => ({ src: URL.createObjectURL(new Blob([inner], { type: 'text/html' })) }),
  srcdoc: () => ({ srcdoc: inner })
}

async function prepare () {
  if (kind.endsWith('worker')) {
    await navigator.serviceWorker.register(`/${kind}.js`)
    await navigator.serviceWorker.ready
    if (!navigator.serviceWorker.controller) await new Promise(resolve => { navigator.serviceWorker.oncontrollerchange = resolve })
  }
  if (!(kind in documents)) return announce()
  const frame = document.createElement('iframe')
  for (const [name, value] of Object.entries(documents[kind]())) frame.setAttribute(name, value)
  window.fire = tasks => frame.contentWindow.postMessage({ tasks }, '*')
  window.onmessage = ({ data }) => {
    if (data.isReady) announce()
    if (data.settled !== undefined) window.settled = data.settled
  }
  document.body.append(frame)
}

function announce () {
  window.isReady = true
  if (parent !== window) parent.postMessage({ isReady: true }, '*')
}

window.fire = fire
window.start = tasks => { setTimeout(() => window.fire(tasks), 10) } // Later, so that whoever called is gone.
window.onclick = ({ target }) => { if (target.matches('#go')) window.start(window.pending) }
if (parent !== window) window.onmessage = ({ data }) => { if (data.tasks) fire(data.tasks) }
prepare()
