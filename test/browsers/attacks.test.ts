// What a request can be made into that would have been refused, or that no page seems to have begun: by reloads, by
// service workers, by what else a browser does by itself. Beside each stands what must pass.
// ENGINE=webkit plays it in one engine alone, ACTS=workers one part of it.
import { acts as noPage } from './acts/no-page.ts'
import { acts as reloads } from './acts/reloads.ts'
import { acts as uploads } from './acts/uploads.ts'
import { acts as workers } from './acts/workers.ts'
import { playActs } from './stage.ts'

const parts = { 'no-page': noPage, reloads, workers, uploads }

await playActs(Object.entries(parts).filter(([name]) => !process.env.ACTS || name === process.env.ACTS).flatMap(([_name, acts]) => acts))
