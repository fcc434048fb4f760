// The extension's own script: sends what a page of the tests asks for.
/* global chrome */
const vehicles = {
  'fetch-cors-credentials': url => fetch(url, { method: 'POST', mode: 'cors', credentials: 'include', body: 'x' }),
  'fetch-no-cors-credentials': url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' }),
  'fetch-get': url => fetch(url, { mode: 'cors', credentials: 'include' }),
  'fetch-get-no-cors': url => fetch(url, { mode: 'no-cors', credentials: 'include' }),
  websocket: url => new Promise(resolve => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'))
    socket.onopen = () => socket.close()
    socket.onclose = resolve
  })
}

chrome.runtime.onMessage.addListener((tasks, _sender, answer) => {
  Promise.all(tasks.map(({ vehicle, url }) => vehicles[vehicle](url).catch(() => {}))).then(() => answer('settled'))
  // The answer comes later.
  return true
})
