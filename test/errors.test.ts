import t from 'tap'
import { DeniedError, EmptyRejectionError, InvalidOptionError, ListRoutesError, UnsupportedFastifyError } from '../src/errors.ts'

t.test('codes and statuses', async t => {
  // A released code keeps its meaning: only add rows here, never change one.
  const cases: Array<[error: object, code: string, statusCode: number]> = [
    [new InvalidOptionError('message'), 'FST_CROSS_ORIGIN_INVALID_OPTION', 500],
    [new UnsupportedFastifyError('message'), 'FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY', 500],
    [new DeniedError('message'), 'FST_CROSS_ORIGIN_DENIED', 403],
    [new ListRoutesError('message'), 'FST_CROSS_ORIGIN_LIST_ROUTES', 500],
    [new EmptyRejectionError(), 'FST_CROSS_ORIGIN_EMPTY_REJECTION', 500]
  ]
  for (const [error, code, statusCode] of cases) t.match(error, { code, statusCode, name: 'FastifyError' })
})

t.test('a message is used unchanged', async t => {
  t.equal(new InvalidOptionError('100 %s of %d').message, '100 %s of %d')
})

t.test('the error of a denial has no stack, which would cost more than everything else', async t => {
  t.equal(new DeniedError('message').stack, undefined)
  t.type(new InvalidOptionError('message').stack, 'string')
  t.type(new DeniedError('message'), Error)
})
