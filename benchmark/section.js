// Runs one section and sends its result to the parent.
const [name, effort] = process.argv.slice(2)
const { run } = await import(`./${name}.js`)
process.send(await run(JSON.parse(effort)))
