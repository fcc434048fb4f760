// Workbox, which answers navigations by its own routes.
/* global workbox, importScripts */
importScripts('/workbox-core.js', '/workbox-routing.js', '/workbox-strategies.js')

self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil(self.clients.claim())
for (const method of ['GET', 'POST']) {
  workbox.routing.registerRoute(({ request }) => request.mode === 'navigate', new workbox.strategies.NetworkOnly(), method)
}
