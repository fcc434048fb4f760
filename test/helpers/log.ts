// A logger that keeps what is logged, for tests of log lines.
import type { FastifyServerOptions } from 'fastify'

/** A line as pino wrote it. */
export interface LogLine extends Record<string, unknown> {
  level: number
  msg: string
}

export interface CapturedLog {
  /** The lines so far, parsed. */
  lines: LogLine[]
  /** Fastify's option. */
  logger: NonNullable<FastifyServerOptions['logger']>
}

/** Captures what an application logs at this level and above: `Fastify({ logger: captureLog('warn').logger })`. */
export function captureLog (level: string): CapturedLog {
  const lines: LogLine[] = []
  return { lines, logger: { level, stream: { write (line: string) { lines.push(JSON.parse(line)) } } } }
}
