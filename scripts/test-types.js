// The type tests. tstyche writes colours wherever it writes.
if (!process.stdout.isTTY) process.env.NO_COLOR ??= '1'
const { Cli } = await import('tstyche/tstyche')
await new Cli().run(process.argv.slice(2))
