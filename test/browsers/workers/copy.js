// Copies each navigation, to add a header.
self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil(self.clients.claim())
self.onfetch = event => {
  if (event.request.mode !== 'navigate') return
  const headers = new Headers(event.request.headers)
  headers.set('x-app-version', '1')
  event.respondWith(fetch(new Request(event.request, { headers })))
}
