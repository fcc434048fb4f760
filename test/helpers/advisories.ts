// The published bypasses of other projects' guards that test/bypasses proves not to be bypasses of this one, by root
// cause; each root cause is a file there. A row is what went wrong, and where to read about it.

export type Advisory = readonly [project: string, cause: string, url: string]

export const advisories = {
  paths: {
    'CVE-2025-47910': ['Go net/http', 'an exempt pattern also matched a path that only redirects to it', 'https://github.com/golang/go/issues/75054'],
    'golang/go csrf_test.go': ['Go net/http', 'the tests themselves asserted that near-misses of an exempt path pass', 'https://github.com/golang/go/blob/1881d680b0b573c32d3002c37902760668ffec0f/src/net/http/csrf_test.go'],
    'CVE-2026-22037, GHSA-g6q3-96cp-5r5m': ['@fastify/express', 'the guard read the path as sent, the router decoded it', 'https://github.com/fastify/fastify-express/pull/174'],
    'CVE-2026-2880, GHSA-8p85-9qpw-fwgw': ['@fastify/middie', 'the guard did not know the options of the router', 'https://github.com/advisories/GHSA-8p85-9qpw-fwgw'],
    'CVE-2026-33808, GHSA-6hw5-45gm-fj88': ['@fastify/express', 'doubled slashes and semicolons were left in the path that the guard read', 'https://github.com/advisories/GHSA-6hw5-45gm-fj88'],
    'CVE-2026-14198, GHSA-2v46-jxjm-7q3v': ['@fastify/middie', 'the guard decoded a slash within a parameter, the router did not', 'https://github.com/fastify/middie/commit/61d90cd'],
    'CVE-2026-33807, GHSA-hrwm-hgmj-7p9c': ['@fastify/express', 'a child scope put its prefix before paths that had it already', 'https://github.com/advisories/GHSA-hrwm-hgmj-7p9c'],
    'CVE-2026-6556, GHSA-3wf5-7852-vcfq': ['@fastify/express', 'paths given as arrays and regular expressions did not get the prefix', 'https://github.com/fastify/fastify-express/commit/7be7196'],
    'CVE-2025-66415, GHSA-2q7r-29rg-6m5h': ['@fastify/reply-from', 'encoded dot segments left the route that a proxy was limited to', 'https://github.com/advisories/GHSA-2q7r-29rg-6m5h'],
    'CVE-2026-67448, GHSA-8r62-w5wh-fc5m': ['Mailpit', 'the check of handshakes was chosen by the path as sent', 'https://github.com/advisories/GHSA-8r62-w5wh-fc5m'],
    'CVE-2025-66202, GHSA-whqg-ppgf-wp8c': ['Astro', 'the path was decoded once and routed as if decoded twice', 'https://github.com/advisories/GHSA-whqg-ppgf-wp8c'],
    'CVE-2026-59731, GHSA-vj59-8hwv-xxmv': ['Astro', 'decoding stopped at a limit and went on with the half-decoded path', 'https://github.com/advisories/GHSA-vj59-8hwv-xxmv'],
    'GHSA-x732-6j76-qmhm': ['better-auth', 'the router dropped empty segments, the list of paths did not', 'https://github.com/advisories/GHSA-x732-6j76-qmhm'],
    'better-auth#9990': ['better-auth', 'an exemption was a prefix of text and covered sibling paths', 'https://github.com/better-auth/better-auth/pull/9990'],
    'CVE-2026-29045': ['Hono serveStatic', 'the guard and the file handler decoded the path differently', 'https://avd.aquasec.com/nvd/2026/cve-2026-29045'],
    'CVE-2020-2160, SECURITY-1774': ['Jenkins', 'a dot segment with a semicolon made any path look exempt', 'https://www.jenkins.io/security/advisory/2020-03-25/#SECURITY-1774'],
    'CVE-2024-6866, CVE-2024-6839, GHSA-43qf-4rqw-9q2g': ['Flask-CORS', 'rules ignored letter case, and the longest pattern won', 'https://osv.dev/vulnerability/GHSA-43qf-4rqw-9q2g'],
    'CVE-2019-18978, GHSA-pf8f-w267-mq2h': ['rack-cors', 'patterns were compared with a path that still had dot segments', 'https://github.com/advisories/GHSA-pf8f-w267-mq2h']
  },
  origins: {
    'CVE-2025-24358, GHSA-rq77-p4h8-4crw': ['gorilla/csrf', 'the check ran only for a scheme that a server never sees', 'https://github.com/golang/vulndb/issues/3607'],
    'CVE-2025-46721, GHSA-w9hf-35q4-vcjw': ['justinas/nosurf', 'the check for the same origin never ran', 'https://github.com/advisories/GHSA-w9hf-35q4-vcjw'],
    'react-router actions.ts': ['React Router', 'hosts were compared without their scheme', 'https://github.com/remix-run/react-router/blob/main/packages/react-router/lib/actions.ts'],
    'vercel/next.js#92703': ['Next.js', 'a malformed Origin made a URL parser throw', 'https://github.com/vercel/next.js/issues/92703'],
    'CVE-2026-6322, GHSA-v39h-62p7-jpjc': ['fast-uri', 'an encoded @ was decoded within the host', 'https://github.com/advisories/GHSA-v39h-62p7-jpjc'],
    'CVE-2026-18446, GHSA-7p8r-x3mc-p8w7': ['fast-uri', 'backslashes were read otherwise than browsers read them', 'https://github.com/advisories/GHSA-7p8r-x3mc-p8w7'],
    'better-auth#1158': ['better-auth', 'trusted origins were prefixes of text', 'https://github.com/better-auth/better-auth/pull/1158'],
    'CVE-2026-55532, GHSA-pvph-5j39-v8qc': ['PraisonAI', 'allowed origins were prefixes of text', 'https://github.com/advisories/GHSA-pvph-5j39-v8qc']
  },
  'null-origin': {
    'CVE-2026-27978, GHSA-mq59-m269-xvcx': ['Next.js', 'null was taken for no Origin at all', 'https://github.com/advisories/GHSA-mq59-m269-xvcx'],
    'CVE-2026-27977': ['Next.js', 'null was taken for no Origin at all in WebSocket handshakes', 'https://radar.offseq.com/threat/cve-2026-27977-cwe-1385-missing-origin-validation--d3f0918a'],
    'better-auth origin-check': ['better-auth', 'applications had to route around null', 'https://github.com/better-auth/better-auth/blob/main/packages/better-auth/src/api/middlewares/origin-check.ts'],
    'golang AddTrustedOrigin': ['Go net/http', 'null must be refused as a trusted origin', 'https://github.com/golang/go/blob/1881d680b0b573c32d3002c37902760668ffec0f/src/net/http/csrf_test.go']
  },
  'content-type': {
    'CVE-2024-48913, GHSA-2234-fmw7-43wr': ['Hono', 'a request without a content type was taken for safe', 'https://github.com/advisories/GHSA-2234-fmw7-43wr'],
    'CVE-2024-56140, GHSA-c4pw-33h3-35xw': ['Astro', 'a parameter made the content type another one', 'https://github.com/advisories/GHSA-c4pw-33h3-35xw'],
    'CVE-2023-29008, GHSA-gv7g-x59x-wf8f': ['SvelteKit', 'capitals made the content type another one', 'https://github.com/advisories/GHSA-gv7g-x59x-wf8f'],
    'sveltejs/kit#16347': ['SvelteKit', 'a request without a content type passed', 'https://github.com/sveltejs/kit/pull/16347'],
    'CVE-2026-25151, GHSA-r666-8gjf-4v5f': ['Qwik City', 'the check and the body parser read two content types differently', 'https://github.com/advisories/GHSA-r666-8gjf-4v5f'],
    'CVE-2020-12480, GHSA-cf8j-64h9-6q58': ['Play Framework', 'a content type that cannot be parsed was not checked', 'https://github.com/advisories/GHSA-cf8j-64h9-6q58'],
    'CVE-2025-64166, GHSA-v66j-6wwf-jc57': ['Mercurius', 'forms could be executed as GraphQL', 'https://github.com/advisories/GHSA-v66j-6wwf-jc57'],
    'CVE-2026-25223, CVE-2026-3419, CVE-2026-33806, CVE-2025-32442': ['Fastify', 'tabs, garbage, spaces and letter case made decisions by content type disagree', 'https://github.com/advisories/GHSA-jx2c-rxcm-jvmq']
  },
  'proxy-host': {
    'CVE-2026-3635, GHSA-444r-cwp2-x5xf': ['Fastify', 'request.host was X-Forwarded-Host from any peer', 'https://github.com/fastify/fastify/commit/4e1db5bd0012ccf63a49ff105a63e25981b9a747'],
    'CVE-2026-16732, GHSA-3m5p-2c4r-xxw2': ['Fastify', 'a number as trustProxy trusted any peer', 'https://github.com/advisories/GHSA-3m5p-2c4r-xxw2'],
    'cloudflare/vinext#95': ['vinext', 'X-Forwarded-Host, which clients can write, won over Host', 'https://github.com/cloudflare/vinext/pull/95'],
    'remix-run/react-router#15185': ['React Router', 'the first X-Forwarded-Host was read, which clients write', 'https://github.com/remix-run/react-router/pull/15185'],
    'CVE-2025-64525, GHSA-hr2q-hp5q-x767': ['Astro', 'a URL was glued together from X-Forwarded-Proto and X-Forwarded-Port', 'https://github.com/advisories/GHSA-hr2q-hp5q-x767'],
    'withastro/astro#15777': ['Astro', 'the own origin had no port and took its scheme from X-Forwarded-Proto', 'https://github.com/withastro/astro/pull/15777'],
    'gorilla/csrf#213': ['gorilla/csrf', 'behind a proxy that rewrites Host, own pages looked foreign', 'https://github.com/gorilla/csrf/pull/213'],
    'patcireamo/ChungusHub#67': ['ChungusHub', 'behind a development proxy on plain HTTP, own pages looked foreign', 'https://github.com/patcireamo/ChungusHub/pull/67'],
    'CVE-2026-32302, GHSA-5wcw-8jjv-m286': ['OpenClaw', 'a header of a proxy switched the check of handshakes off', 'https://github.com/advisories/GHSA-5wcw-8jjv-m286'],
    'CVE-2024-47084, GHSA-3c67-5hwx-f6wx': ['Gradio', 'a cookie switched the check off', 'https://github.com/advisories/GHSA-3c67-5hwx-f6wx'],
    'CVE-2026-55438, GHSA-5wg6-jmq2-53pw': ['Coder', 'a decision took the owner from a host name that others choose', 'https://github.com/advisories/GHSA-5wg6-jmq2-53pw']
  },
  hosts: {
    'GHSA-w48q-cv73-mx4w, GHSA-9h52-p55h-vw2f, CVE-2026-34742, GHSA-xw59-hvm2-8pj6, GHSA-8jxr-pr72-r468': ['Model Context Protocol SDKs', 'a page whose name was made to resolve to this machine was of the same origin', 'https://github.com/modelcontextprotocol/csharp-sdk/issues/1520'],
    'GHSA-89vp-x53w-74fx': ['rmcp', 'hosts were not checked, and authenticated requests of a rebound page were answered', 'https://github.com/advisories/GHSA-89vp-x53w-74fx'],
    'GHSA-x4q8-2g66-789p': ['UI-TARS', 'a GET of a rebound page has no Origin, so a list of origins let it pass', 'https://github.com/bytedance/UI-TARS-desktop/pull/1975'],
    'google/oss-fuzz#14111': ['OSS-Fuzz', 'a rebound page reached commands that run on this machine', 'https://github.com/google/oss-fuzz/pull/14111'],
    'quick-lint/quick-lint-js#951': ['quick-lint-js', 'a check has to know every spelling of this machine, and no other', 'https://github.com/quick-lint/quick-lint-js/issues/951'],
    'CVE-2026-48710': ['Starlette', 'a URL was glued together from Host, which then decided the path', 'https://scout.docker.com/vulnerabilities/id/CVE-2026-48710']
  },
  methods: {
    'CVE-2026-39371, GHSA-x8rx-789c-2pxq': ['RedwoodSDK', 'functions that write could be called by GET', 'https://github.com/advisories/GHSA-x8rx-789c-2pxq'],
    'CVE-2026-40883, GHSA-jrq5-hg6x-j6g3': ['goshs', 'GET deleted files', 'https://github.com/advisories/GHSA-jrq5-hg6x-j6g3'],
    'CVE-2026-42091, GHSA-rhf7-wvw3-vjvm': ['goshs', 'PUT was not checked, and CORS let every page send it', 'https://github.com/advisories/GHSA-rhf7-wvw3-vjvm'],
    'honojs/hono#5250': ['Hono', 'the guard refused preflights before CORS could answer them', 'https://github.com/honojs/hono/pull/5250'],
    'asgi-cross-origin-protection 2a03381': ['asgi-cross-origin-protection', 'TRACE was taken for safe', 'https://github.com/thomasdesr/asgi-cross-origin-protection/commit/2a03381'],
    'fastify/fastify#6879': ['Fastify', 'GET could be given a body', 'https://github.com/fastify/fastify/pull/6879']
  },
  websockets: {
    'CVE-2025-24010, GHSA-vg6x-rcgg-rjx6': ['Vite', 'its socket for reloads accepted any origin', 'https://github.com/advisories/GHSA-vg6x-rcgg-rjx6'],
    'CVE-2026-27148': ['Storybook', 'a socket that writes files accepted any origin', 'https://www.sentinelone.com/vulnerability-database/cve-2026-27148/'],
    'CVE-2023-26114, GHSA-frjg-g767-7363': ['code-server', 'handshakes were not checked', 'https://github.com/advisories/GHSA-frjg-g767-7363'],
    'CVE-2026-22689, GHSA-524m-q5m7-79mm': ['Mailpit', 'handshakes were accepted from every origin', 'https://github.com/advisories/GHSA-524m-q5m7-79mm'],
    'CVE-2026-42283, CVE-2026-55883, CVE-2026-34403, CVE-2026-44985, CVE-2026-44514': ['DevSpace, Tilt, nginx-ui, Dozzle, Kubetail', 'handshakes were not checked', 'https://github.com/golang/vulndb/tree/master/data/reports'],
    'vitejs/vite#23293': ['Vite', 'a proxy overwrote the Origin that the next server would have checked', 'https://github.com/vitejs/vite/pull/23293'],
    'fastify-websocket README': ['@fastify/websocket', 'a handshake is a GET, which guards let pass', 'https://github.com/fastify/fastify-websocket/blob/main/README.md']
  },
  'allow-list': {
    'CVE-2026-25479, GHSA-93ph-p7v4-hwh4': ['Litestar', 'a dot of a host stood for any character', 'https://app.opencve.io/cve/CVE-2026-25479'],
    'CVE-2022-1996, GHSA-r48q-9g5r-8q2h': ['go-restful', 'domains were read as regular expressions without anchors', 'https://pkg.go.dev/vuln/GO-2022-0619'],
    'CVE-2019-25211, GHSA-869c-j7wc-8jqv': ['gin-contrib/cors', 'a wildcard at the end was cut to a prefix', 'https://pkg.go.dev/vuln/GO-2024-2955'],
    'GHSA-vhxv-fg4m-p2w8, GHSA-v84h-653v-4pq9': ['jub0bs/cors and fcors', 'two origins of a list were merged, and what they make together was allowed', 'https://pkg.go.dev/vuln/GO-2024-2813'],
    'expressjs/cors#408, #412': ['expressjs/cors', 'an example without an anchor allowed look-alike hosts', 'https://github.com/expressjs/cors/pull/412'],
    'medusajs/medusa#16417': ['Medusa', 'a regular expression with a state answered every second request differently', 'https://github.com/medusajs/medusa/issues/16417'],
    'cyu/rack-cors#86': ['rack-cors', 'patterns without anchors allowed longer hosts', 'https://github.com/cyu/rack-cors/issues/86'],
    'GHSA-vp58-j275-797x': ['better-auth', 'a matcher for entries with and without wildcards allowed longer hosts', 'https://github.com/advisories/GHSA-vp58-j275-797x'],
    'better-auth#6904': ['better-auth', '? was a wildcard to one part and none to another', 'https://github.com/better-auth/better-auth/pull/6904'],
    'remix-run/react-router#14708, #14722': ['React Router', 'entries were hosts with wildcards and no scheme', 'https://github.com/remix-run/react-router/pull/14708'],
    'CVE-2023-49803, GHSA-qxrj-hx23-xp82': ['@koa/cors', 'without a list, everyone was trusted', 'https://github.com/advisories/GHSA-qxrj-hx23-xp82'],
    'CVE-2026-54290, GHSA-88fw-hqm2-52qc': ['Hono', 'a star with credentials trusted everyone', 'https://github.com/honojs/hono/commit/f0b094db']
  },
  'header-duplication': {
    'CVE-2026-54289, GHSA-wgpf-jwqj-8h8p': ['Hono', 'of two equal headers only the last was seen', 'https://github.com/honojs/hono/commit/3892a6c2'],
    'CVE-2026-33805, GHSA-gwhp-pf74-vj37': ['@fastify/reply-from', 'a client named headers that a proxy then dropped', 'https://github.com/advisories/GHSA-gwhp-pf74-vj37']
  },
  'fetch-metadata': {
    'CVE-2026-6402, GHSA-79cf-xcqc-c78w': ['webpack-dev-server', 'browsers send no Sec-Fetch headers over plain HTTP', 'https://github.com/advisories/GHSA-79cf-xcqc-c78w'],
    'CVE-2025-30359, GHSA-4v9v-hfq4-rm2v': ['webpack-dev-server', 'one pair of values was refused, all others passed', 'https://github.com/webpack/webpack-dev-server/commit/5c9378bb'],
    'rails/rails#56350': ['Rails', 'same-site was taken for same-origin', 'https://github.com/rails/rails/pull/56350'],
    'rails/rails#56580': ['Rails', 'over plain HTTP the own page sends no Sec-Fetch headers', 'https://github.com/rails/rails/pull/56580'],
    'laravel/framework#59431': ['Laravel', 'a program can send Sec-Fetch-Site: same-origin', 'https://github.com/laravel/framework/issues/59431'],
    'dotnet/aspnetcore#69345': ['ASP.NET Core', 'an origin that CORS allowed to read was trusted to write', 'https://github.com/dotnet/aspnetcore/pull/69345'],
    'Mozilla bug 1647128': ['Firefox', 'Sec-Fetch-Site was wrong after a redirect by a page', 'https://searchfox.org/mozilla-central/source/dom/security/test/sec-fetch/test_iframe_src_metaRedirect.html'],
    'Chromium sec_header_helpers': ['Chromium', 'extensions send none or cross-site', 'https://chromium.googlesource.com/chromium/src/+/main/services/network/sec_header_helpers.cc']
  },
  configuration: {
    'CVE-2026-73423, GHSA-8mv7-9c27-98vc': ['Astro', 'what was mounted before the check was not checked', 'https://github.com/advisories/GHSA-8mv7-9c27-98vc'],
    'GHSA-qwww-vcr4-c8h2': ['React Router', 'the action had run when the check failed', 'https://github.com/advisories/GHSA-qwww-vcr4-c8h2'],
    'CVE-2026-34373, GHSA-q3p6-g7c4-829c': ['parse-server', 'GraphQL was mounted beside the check', 'https://github.com/advisories/GHSA-q3p6-g7c4-829c'],
    'wundergraph/cosmo#2845, gosec G121': ['Go users', 'an exemption of everything went unnoticed', 'https://github.com/securego/gosec/pull/1521'],
    'better-auth#7204': ['better-auth', 'switching off one check switched off another', 'https://github.com/better-auth/better-auth/pull/7204'],
    'better-auth#8392': ['better-auth', 'the check was put on each route, and forgotten on one', 'https://github.com/better-auth/better-auth/pull/8392'],
    'CVE-2021-29624, GHSA-rc4q-9m69-gqp8': ['fastify-csrf', 'a subdomain could plant the cookie that was compared', 'https://github.com/advisories/GHSA-rc4q-9m69-gqp8'],
    'CVE-2023-27495, GHSA-qrgf-9gpc-vrxw': ['@fastify/csrf-protection', 'a subdomain could make the token of another user', 'https://github.com/advisories/GHSA-qrgf-9gpc-vrxw'],
    'CVE-2011-0696, GHSA-5j2h-h5hg-3wf8': ['Django', 'X-Requested-With exempted a request', 'https://github.com/advisories/GHSA-5j2h-h5hg-3wf8'],
    'oRPC Strict GET plugin': ['oRPC', 'procedures that write answered GET', 'https://github.com/unnoq/orpc/blob/main/apps/content/docs/plugins/strict-get-method.md']
  },
  'isolation-headers': {
    'helmetjs/helmet#390': ['helmet', 'an option was ignored, and another policy sent', 'https://github.com/helmetjs/helmet/issues/390'],
    'CVE-2025-9636, GHSA-6859-2qxq-ffv2': ['pgAdmin', 'without COOP another window reached into a sign-in', 'https://github.com/advisories/GHSA-6859-2qxq-ffv2'],
    'CVE-2026-6402, webpack-dev-server df073c53': ['webpack-dev-server', 'without CORP other sites loaded what was served', 'https://github.com/webpack/webpack-dev-server/commit/df073c53'],
    'Fastify Lifecycle.md': ['Fastify', 'onSend does not run for hijacked replies', 'https://github.com/fastify/fastify/blob/main/docs/Reference/Lifecycle.md']
  }
} as const satisfies Record<string, Record<string, Advisory>>
