// Renders refusals. The exception filter gets an HttpException whose cause is the plugin's error.
import { Catch, HttpException, type ArgumentsHost } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import type { FastifyReply } from 'fastify'

@Catch(HttpException)
export class DeniedFilter extends BaseExceptionFilter {
  override catch (exception: HttpException, host: ArgumentsHost): void {
    const cause = exception.cause as { code?: string, reason?: string } | undefined
    if (cause?.code !== 'FST_CROSS_ORIGIN_DENIED') return super.catch(exception, host)
    host.switchToHttp().getResponse<FastifyReply>().code(exception.getStatus()).send({
      message: 'This request came from another site.',
      reason: cause.reason
    })
  }
}
