// A worker of every kind: sends what it is told to, and tells when that has ended.
const vehicles = {
  'fetch-cors-credentials': url => fetch(url, { method: 'POST', mode: 'cors', credentials: 'include', body: 'x' }),
  'fetch-keepalive': url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', keepalive: true, body: 'x' }),
  websocket: url => new Promise(resolve => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'))
    socket.onopen = () => socket.close()
    socket.onclose = resolve
  })
}

async function send ({ data: { vehicle, url } }, port) {
  await vehicles[vehicle](url).catch(() => {})
  port.postMessage(url)
}

const isService = 'clients' in self

if (self.location.search === '?nests') {
  const nested = new Worker('/worker.js')
  self.onmessage = ({ data }) => nested.postMessage(data)
  nested.onmessage = ({ data }) => self.postMessage(data)
} else if (isService) {
  self.onmessage = event => event.waitUntil(send(event, event.source))
} else {
  self.onmessage = event => send(event, self)
  self.onconnect = ({ ports: [port] }) => { port.onmessage = event => send(event, port) }
}
