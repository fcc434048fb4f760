import { build } from './app.ts'

const app = await build()
await app.listen({ host: 'localhost', port: Number(process.env.PORT ?? 3000) })
