// Shows a page of its own where the network fails, as every guide to offline pages does.
self.oninstall = event => event.waitUntil((async () => {
  await (await caches.open('offline')).add('/offline.html')
  await self.skipWaiting()
})())
self.onactivate = event => event.waitUntil(self.clients.claim())
self.onfetch = event => {
  if (event.request.mode !== 'navigate') return
  // WebKit loses what a worker has stored when it has to start the worker again.
  event.respondWith(fetch(event.request).catch(async () => await caches.match('/offline.html') ?? fetch('/offline.html')))
}
