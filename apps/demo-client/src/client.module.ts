import { StockContract } from '#demo-contract';
import { Module, type DynamicModule } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { ClientRedisStreams } from 'nestjs-redis-streams';
import { ContractsModule } from 'nestjs-redis-streams/contracts';
import { Load } from './load.js';
import { ORDERS, OrdersClient } from './orders.client.js';
import type { Settings } from './settings.js';
import { Tour } from './tour.js';

@Module({})
export class ClientModule {
  static register({ url, prefix }: Settings): DynamicModule {
    const clients = ClientsModule.register([
      { name: ORDERS, customClass: ClientRedisStreams, options: { url, prefix } },
    ]);
    return {
      module: ClientModule,
      // One connection serves both: calls by pattern, and calls of the contract.
      imports: [
        clients,
        ContractsModule.forFeature([StockContract], { client: ORDERS, imports: [clients] }),
      ],
      providers: [OrdersClient, Tour, Load],
      exports: [OrdersClient, clients],
    };
  }
}
