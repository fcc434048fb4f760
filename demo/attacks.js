// What the demo's page fires at both banks. Each is also a function of the same name in page.js, which runs
// in the browser.
export const attacks = [
  {
    name: 'form',
    title: 'A form on another site',
    story: 'Browsers send it without cookies by now. The bank&rsquo;s back office trusts its network, and your browser is in it.'
  },
  {
    name: 'neighbour',
    title: 'A form on a neighbouring origin',
    story: 'A forgotten subdomain, or another port: SameSite cookies do not tell it from the bank.'
  },
  {
    name: 'fetch',
    title: 'A script that fetches',
    story: 'It cannot read the answer. The money has moved all the same.'
  },
  {
    name: 'beacon',
    title: 'A beacon',
    story: 'Sent as the page is closed; nobody waits for an answer.'
  },
  {
    name: 'webSocket',
    title: 'A WebSocket',
    story: 'Any page may open one to any site, with cookies, and then give orders.'
  },
  {
    name: 'image',
    title: 'An image',
    story: 'Its address is a GET that pays. The bank has the route checked as well.'
  }
]
