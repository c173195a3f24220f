import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { ServerRedisStreams } from 'nestjs-redis-streams';
import { RedisStreamsHealthIndicator } from 'nestjs-redis-streams/health';

@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(RedisStreamsHealthIndicator) private readonly streams: RedisStreamsHealthIndicator,
    @Inject(ServerRedisStreams) private readonly server: ServerRedisStreams,
  ) {}

  /** A rollout goes on when this instance serves. */
  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.streams.server('streams', this.server)]);
  }

  /** Says only that the event loop turns: a restart mends no Redis. */
  @Get('live')
  live() {
    return 'ok';
  }
}
