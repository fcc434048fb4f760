// In the pages of the tests: takes the tasks of those that are for this extension to its own script.
/* global chrome */
const { name } = chrome.runtime.getManifest()

addEventListener('message', ({ data }) => {
  if (data.for === name) chrome.runtime.sendMessage(data.tasks).then(() => { postMessage({ isSettled: true }) })
})
if (new URLSearchParams(location.search).get('kind') === name) postMessage({ isLoaded: true })
