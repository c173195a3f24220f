import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { ServerRedisStreams } from 'nestjs-redis-streams';
import { RedisStreamsHealthIndicator } from 'nestjs-redis-streams/health';
import { HealthController } from './health.controller.js';
import { OrdersModule } from './orders.module.js';
import type { Settings } from './settings.js';

/** The service with what operators and platforms ask of it over HTTP: `/health/live`, `/health/ready`, `/metrics`. */
@Module({})
export class OperatedModule {
  static register(settings: Settings, strategy: ServerRedisStreams): DynamicModule {
    return {
      module: OperatedModule,
      controllers: [HealthController],
      imports: [
        OrdersModule.register(settings),
        TerminusModule.forRoot({ logger: false }),
        PrometheusModule.register(),
      ],
      providers: [RedisStreamsHealthIndicator, { provide: ServerRedisStreams, useValue: strategy }],
    };
  }
}
