// The attacks that the demo's page fires at both banks. page.js, which runs in the browser, has a function of the same name
// for each.
export const attacks = [
  {
    name: 'form',
    title: 'A form on another site',
    story: 'Most browsers send it without cookies. But the bank&rsquo;s back office trusts its network, and your browser is on it.'
  },
  {
    name: 'neighbour',
    title: 'A form on a neighbouring origin',
    story: 'A forgotten subdomain, or another port, like this page. SameSite cookies are sent along.'
  },
  {
    name: 'fetch',
    title: 'A script on a neighbouring origin',
    story: 'It cannot read the answer, but the money has moved anyway.'
  },
  {
    name: 'beacon',
    title: 'A beacon',
    story: 'It needs no answer, and is sent even if its page is closed.'
  },
  {
    name: 'webSocket',
    title: 'A WebSocket',
    story: 'CORS does not apply to it: any page that can open one can give orders.'
  },
  {
    name: 'image',
    title: 'An image',
    story: 'Its URL is a GET route that moves money. The bank has this route checked as well.'
  }
]
