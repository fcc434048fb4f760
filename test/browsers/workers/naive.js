// A service worker that answers every request by fetching it again, navigations too: what the README warns of.
self.oninstall = () => self.skipWaiting()
self.onactivate = self.onmessage = event => event.waitUntil(self.clients.claim())
self.onfetch = event => event.respondWith(fetch(event.request))
