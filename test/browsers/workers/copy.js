// Copies each navigation, to add a header. With ?slow it takes seconds until it is active.
self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil((async () => {
  await self.clients.claim()
  if (self.location.search === '?slow') await new Promise(resolve => { setTimeout(resolve, 3000) })
})())
self.onfetch = event => {
  if (event.request.mode !== 'navigate') return
  const headers = new Headers(event.request.headers)
  headers.set('x-app-version', '1')
  event.respondWith(fetch(new Request(event.request, { headers })))
}
