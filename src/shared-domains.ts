// Domains whose subdomains belong to strangers, because anyone can get one there. A wildcard over such a domain would trust
// them all, so options refuse it.
//
// The list is short on purpose: the platforms, tunnels and dynamic DNS services that configurations of web servers name most
// often, spelled as in the private section of the Public Suffix List, and a few that are missing there. Registries are known
// by their shape only. Neither is complete; SECURITY.md says so.
//
// https://publicsuffix.org/list/, as of November 2026

/** A subdomain belongs to whoever took it; what is below it belongs to the same owner. */
const sharedDomains = words(`
  vercel.app vercel.dev now.sh netlify.app surge.sh glitch.me deno.dev deno.net pages.dev workers.dev r2.dev
  github.io githubusercontent.com githubpreview.dev github.app gitlab.io bitbucket.io readthedocs.io
  herokuapp.com onrender.com fly.dev up.railway.app koyeb.app zeabur.app ondigitalocean.app kinsta.app pythonanywhere.com
  azurewebsites.net azurestaticapps.net centralus.azurestaticapps.net eastasia.azurestaticapps.net eastus2.azurestaticapps.net
  westeurope.azurestaticapps.net westus2.azurestaticapps.net 1.azurestaticapps.net 2.azurestaticapps.net 3.azurestaticapps.net
  4.azurestaticapps.net 5.azurestaticapps.net 6.azurestaticapps.net 7.azurestaticapps.net cloudapp.net azure-api.net
  azureedge.net azurefd.net trafficmanager.net web.app firebaseapp.com appspot.com cloudfunctions.net blogspot.com
  amplifyapp.com cloudfront.net csb.app preview.csb.app replit.app repl.co val.run lovable.app bolt.host streamlit.app hf.space
  trycloudflare.com cfargotunnel.com ngrok.io us.ngrok.io eu.ngrok.io ap.ngrok.io au.ngrok.io sa.ngrok.io jp.ngrok.io
  in.ngrok.io ngrok.app ngrok.dev ngrok.pro ngrok-free.app ngrok-free.dev localhost.run lhr.life loca.lt serveo.net ts.net
  myshopify.com wixsite.com webflow.io framer.app framer.website carrd.co notion.site gitbook.io wordpress.com weebly.com
  supabase.co bubbleapps.io
  duckdns.org no-ip.org no-ip.biz no-ip.info noip.me ddns.net ddns.me dyndns.org dynv6.net dynu.net freeddns.org hopto.org
  zapto.org sytes.net myftp.org servebeer.com mooo.com dedyn.io synology.me myqnapcloud.com myfritz.net
`)

/** Strangers have names at any depth, such as below a region. */
const sharedTrees = words(`
  amazonaws.com on.aws elasticbeanstalk.com awsapprunner.com run.app r.appspot.com hosted.app usercontent.goog
  googleusercontent.com cloudworkstations.dev cloudapp.azure.com azurecontainer.io azurecontainerapps.io core.windows.net
  platform.sh platformsh.site code.run northflank.app gitpod.io gitpod.dev app.github.dev devtunnels.ms pinggy.link stackblitz.io
  webcontainer.io replit.dev nip.io sslip.io xip.io traefik.me
`)

const allDomains: ReadonlySet<string> = new Set([...sharedDomains, ...sharedTrees])

/** Registries of countries sell names at the second level: `co.uk`, `com.au`. */
const secondLevelRegistry = /^(?:ac|co|com|edu|go|gob|gouv|gov|mil|ne|net|nom|or|org)\.[a-z]{2}$/

/** Whether strangers have names below a domain, which is given in lower case and without a trailing dot. */
export function isSharedDomain (domain: string): boolean {
  return secondLevelRegistry.test(domain) || sharedDomains.includes(domain) ||
    sharedTrees.some(tree => isBelow(domain, tree) || domain === tree) ||
    [...allDomains].some(shared => isBelow(shared, domain))
}

/** Whether a host is a name that a platform assigned to one of its customers. */
export function hasSharedParent (host: string): boolean {
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    if (allDomains.has(host.slice(dot + 1))) return true
  }
  return false
}

function isBelow (domain: string, parent: string): boolean {
  return domain.endsWith(`.${parent}`)
}

function words (text: string): readonly string[] {
  return text.match(/\S+/g)!
}
