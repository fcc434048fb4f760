// The attacks of the demo's page, the classic one first. page.js, which runs in the browser, has a function of the same name
// for each.
const attack = (name, title, story) => ({ name, title, story })

export const attacks = [
  attack('form', 'A form on another site'),
  attack('neighbour', 'A form on a neighbouring origin',
    'An abandoned subdomain, or another port, as here. Browsers send even <code>SameSite=Strict</code> cookies with it.'),
  attack('fetch', 'A script on a neighbouring origin',
    'CORS hides the answer from the script. The money has moved anyway.'),
  attack('webSocket', 'A WebSocket',
    'CORS does not apply to it: any page that can open one can give orders.'),
  attack('image', 'An image',
    'Its address is a GET route that moves money. The plugin checks this route too, by <code>safeMethods: &apos;check&apos;</code>.'),
  attack('reload', 'A refusal that reloads itself',
    `On this route, the bank without the plugin has a check written by hand. Its error page calls <code>location.reload()</code>, and
    Chromium then re-sends the refused form as the bank&rsquo;s own. The plugin prevents that: it sandboxes its refusals. (In Firefox
    and WebKit this attack fails. Firefox asks whether to re-send the form; either answer will do.)`),
  attack('rebinding', 'DNS rebinding',
    `The attacker&rsquo;s host name now resolves to your machine, so their page and the bank have the same origin. Where a server trusts
    its network, no cookie is needed. <code>allowedHosts</code> refuses the name. (The demo stands in for the name server.)`)
]
