// Copies each navigation under a script whose name says nothing, and takes seconds until it is active.
self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil((async () => {
  await self.clients.claim()
  await new Promise(resolve => { setTimeout(resolve, 3000) })
})())
self.onfetch = event => {
  if (event.request.mode !== 'navigate') return
  const headers = new Headers(event.request.headers)
  headers.set('x-app-version', '1')
  event.respondWith(fetch(new Request(event.request, { headers })))
}
