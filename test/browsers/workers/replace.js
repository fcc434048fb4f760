// Shows a page of its own in place of every error.
self.oninstall = event => event.waitUntil((async () => {
  await (await caches.open('offline')).add('/offline.html')
  await self.skipWaiting()
})())
self.onactivate = event => event.waitUntil(self.clients.claim())
self.onfetch = event => {
  if (event.request.mode !== 'navigate') return
  event.respondWith((async () => {
    const response = await fetch(event.request)
    // WebKit loses what a worker has stored when it has to start the worker again.
    return response.ok ? response : await caches.match('/offline.html') ?? fetch('/offline.html')
  })())
}
