// Navigation preload by the recipe that every guide has.
self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil((async () => {
  await self.registration.navigationPreload?.enable()
  await self.clients.claim()
})())
self.onfetch = event => event.respondWith((async () => await event.preloadResponse ?? fetch(event.request))())
