// Runs in the pages that send requests. The address after `#` says what to send: tasks, each a vehicle and a
// URL, at once or at a click. Nothing is asked of the page by the test, because a browser takes a question for
// a gesture of the user, and marks requests by it.

const vehicles = {
  form: url => submit(url, 'application/x-www-form-urlencoded', '_self'),
  'form-multipart': url => submit(url, 'multipart/form-data', '_self'),
  'form-text': url => submit(url, 'text/plain', '_self'),
  'form-in-window': url => submit(url, 'application/x-www-form-urlencoded', '_blank'),
  'form-in-named-window': url => submit(url, 'application/x-www-form-urlencoded', 'named'),
  'form-multipart-in-window': url => submit(url, 'multipart/form-data', 'named'),
  'form-text-in-window': url => submit(url, 'text/plain', 'named'),
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
  'fetch-keepalive-on-leave': url => leave(() => { fetch(url, { method: 'POST', mode: 'no-cors', keepalive: true, body: 'x' }) }),
  xhr: url => sendXhr(url, 'POST', false, {}),
  'xhr-credentials': url => sendXhr(url, 'POST', true, {}),
  'xhr-preflight': url => sendXhr(url, 'DELETE', true, { 'x-own': '1' }),
  beacon: async url => { navigator.sendBeacon(url, 'x') },
  'beacon-on-leave': url => leave(() => { navigator.sendBeacon(url, 'x') }),
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

async function leave (send) {
  addEventListener('pagehide', send)
  location.href = 'about:blank'
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

/** Sends all at once, and resolves when every one is known to have ended, well or not. */
async function fire (tasks) {
  await Promise.all(tasks.map(({ vehicle, url }) => vehicles[vehicle](url).catch(() => {})))
}

/** Sends at a click, which alone may open windows, or shortly: so that whoever opened the page is gone. */
function start ({ tasks, needsClick }) {
  return new Promise(resolve => {
    const go = () => { fire(tasks).then(resolve) }
    if (needsClick) document.querySelector('#go').onclick = go
    else setTimeout(go, 30)
    if (needsClick) tell({ isReady: true })
  })
}

// Another kind of document is made in a frame of this page, which passes on what it hears.
const { kind = 'page' } = document.currentScript.dataset
const isInFrame = kind === 'inner'
const inner = `<!doctype html><body><button id="go">Go</button><script src="${document.currentScript.src}" data-kind="inner"></script>`

const documents = {
  sandbox: () => ({ sandbox: 'allow-scripts allow-forms allow-popups', src: '/page?kind=inner' }),
  data: () => ({ src: `data:text/html,${encodeURIComponent(inner)}` }),
  blob: () => ({ src: URL.createObjectURL(new Blob([inner], { type: 'text/html' })) }),
  srcdoc: () => ({ srcdoc: inner })
}

/** To the page around, or from here to the server. */
function tell (news) {
  if (isInFrame) parent.postMessage(news, '*')
  else if (news.isReady) document.title = 'ready'
  else if (news.isSettled) fetch(`/settled/${plan.id}`)
}

const plan = location.hash && JSON.parse(decodeURIComponent(location.hash.slice(1)))

async function play () {
  if (kind.endsWith('worker')) {
    await navigator.serviceWorker.register(`/${kind}.js`)
    await navigator.serviceWorker.ready
    if (!navigator.serviceWorker.controller) await new Promise(resolve => { navigator.serviceWorker.oncontrollerchange = resolve })
  }
  if (!(kind in documents)) return start(plan).then(() => tell({ isSettled: true }))
  const frame = document.createElement('iframe')
  for (const [name, value] of Object.entries(documents[kind]())) frame.setAttribute(name, value)
  window.onmessage = ({ data }) => data.isLoaded ? frame.contentWindow.postMessage(plan, '*') : tell(data)
  document.body.append(frame)
}

if (isInFrame) {
  window.onmessage = ({ data }) => { start(data).then(() => tell({ isSettled: true })) }
  parent.postMessage({ isLoaded: true }, '*')
} else if (plan) {
  window.onload = play
}
