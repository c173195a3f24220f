import { Module, type DynamicModule } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { ClientRedisStreams } from 'nestjs-redis-streams';
import { Load } from './load.js';
import { ORDERS, OrdersClient } from './orders.client.js';
import type { Settings } from './settings.js';
import { Tour } from './tour.js';

@Module({})
export class ClientModule {
  static register({ url, prefix }: Settings): DynamicModule {
    return {
      module: ClientModule,
      imports: [
        ClientsModule.register([
          { name: ORDERS, customClass: ClientRedisStreams, options: { url, prefix } },
        ]),
      ],
      providers: [OrdersClient, Tour, Load],
    };
  }
}
