// Builds a request of its own of each navigation.
self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil(self.clients.claim())
self.onfetch = event => {
  const { url, method, headers, mode } = event.request
  if (mode !== 'navigate') return
  event.respondWith((async () => {
    const body = method === 'GET' ? undefined : await event.request.blob()
    return fetch(new Request(url, { method, headers, body, credentials: 'include' }))
  })())
}
