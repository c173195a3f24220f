import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import type { ClientRedisStreams } from 'nestjs-redis-streams';
import { RedisStreamsHealthIndicator } from 'nestjs-redis-streams/health';
import { ORDERS } from './orders.client.js';

@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(RedisStreamsHealthIndicator) private readonly streams: RedisStreamsHealthIndicator,
    @Inject(ORDERS) private readonly client: ClientRedisStreams,
  ) {}

  /** Without Redis it can call nobody, and should get no requests. */
  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.streams.client('orders', this.client)]);
  }

  /** Says only that the event loop turns: a restart mends no Redis. */
  @Get('live')
  live() {
    return 'ok';
  }
}
