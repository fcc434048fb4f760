// Sends what a navigation has in it, and nothing of what it is.
self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil(self.clients.claim())
self.onfetch = event => {
  const { url, method, headers, mode } = event.request
  if (mode !== 'navigate') return
  event.respondWith((async () => {
    const body = method === 'GET' ? undefined : await event.request.blob()
    return fetch(url, { method, headers: method === 'GET' ? {} : { 'content-type': headers.get('content-type') }, body, credentials: 'include' })
  })())
}
