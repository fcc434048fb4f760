// What the demo's page fires at both banks. Each is also a function of the same name in page.js, which runs
// in the browser.
export const attacks = [
  {
    name: 'form',
    title: 'A form on another site',
    story: 'Most browsers send it without cookies. The bank&rsquo;s back office trusts its network, and your browser is in it.'
  },
  {
    name: 'neighbour',
    title: 'A form on a neighbouring origin',
    story: 'A forgotten subdomain, or another port like this page: SameSite cookies go with it.'
  },
  {
    name: 'fetch',
    title: 'A script on a neighbouring origin',
    story: 'It cannot read the answer. The money has moved all the same.'
  },
  {
    name: 'beacon',
    title: 'A beacon',
    story: 'It needs no answer, and outlives the page that sent it.'
  },
  {
    name: 'webSocket',
    title: 'A WebSocket',
    story: 'CORS does not apply to it: whoever could open one gives orders.'
  },
  {
    name: 'image',
    title: 'An image',
    story: 'Its address is a GET that pays. The bank has that route checked as well.'
  }
]
