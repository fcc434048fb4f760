// A service worker that leaves navigations to the browser, as the README advises.
self.oninstall = () => self.skipWaiting()
self.onactivate = self.onmessage = event => event.waitUntil(self.clients.claim())
self.onfetch = event => {
  if (event.request.mode === 'navigate') return
  event.respondWith(fetch(event.request))
}
