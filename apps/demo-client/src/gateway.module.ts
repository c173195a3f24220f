import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { RedisStreamsHealthIndicator } from 'nestjs-redis-streams/health';
import { ClientModule } from './client.module.js';
import { GatewayController } from './gateway.controller.js';
import { HealthController } from './health.controller.js';
import type { Settings } from './settings.js';

/** Calls for those who ask over HTTP; with `/health/live`, `/health/ready` and `/metrics` for operators and platforms. */
@Module({})
export class GatewayModule {
  static register(settings: Settings): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [GatewayController, HealthController],
      imports: [
        ClientModule.register(settings),
        TerminusModule.forRoot({ logger: false }),
        PrometheusModule.register(),
      ],
      providers: [RedisStreamsHealthIndicator],
    };
  }
}
