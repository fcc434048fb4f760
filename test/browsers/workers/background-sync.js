// Workbox's background sync: forms that the network has not taken are sent when the worker starts next.
/* global workbox, importScripts */
importScripts('/workbox-core.js', '/workbox-routing.js', '/workbox-strategies.js', '/workbox-background-sync.js')

self.oninstall = () => self.skipWaiting()
self.onactivate = event => event.waitUntil(self.clients.claim())
const queue = new workbox.backgroundSync.BackgroundSyncPlugin('forms', { forceSyncFallback: true })
workbox.routing.registerRoute(({ request }) => request.mode === 'navigate', new workbox.strategies.NetworkOnly({ plugins: [queue] }), 'POST')
