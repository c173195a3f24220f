import {
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ClientProxy } from '@nestjs/microservices';
import { ClientRedisStreams } from '../nest/client-redis-streams.js';
import { contractClient } from './contract-client.js';
import type { ContractClass } from './definition.js';
import { contractToken } from './inject-contract.decorator.js';
import { assertServedOnce } from './served-once.js';

export interface ContractsFeatureOptions {
  /** Token of the client proxy that calls go through. Default: `ClientRedisStreams`, of `RedisStreamsModule`. */
  readonly client?: InjectionToken;
  /** Modules that export the proxy, unless it is global. Default: none. */
  readonly imports?: ModuleMetadata['imports'];
}

/** Provides clients of contracts, and checks at start that contracts are served. */
@Module({})
export class ContractsModule {
  /**
   * Provides a client of each contract, for `@InjectContract`.
   *
   * @example
   * @Module({ imports: [RedisStreamsModule.forRoot({ isGlobal: true }), ContractsModule.forFeature([FilesContract])] })
   */
  static forFeature(
    contracts: readonly ContractClass[],
    { client = ClientRedisStreams, imports = [] }: ContractsFeatureOptions = {},
  ): DynamicModule {
    const providers = contracts.map((contract) => ({
      provide: contractToken(contract),
      inject: [client],
      useFactory: (proxy: ClientProxy) => contractClient(contract, proxy),
    }));
    return {
      module: ContractsModule,
      imports: [...imports],
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }

  /**
   * Says which contracts the application serves: it does not start if one of them has no controller, or
   * two, of which one would be called by chance.
   * @throws ContractError NOT_SERVED, SERVED_TWICE when the application starts
   */
  static forServer(contracts: readonly ContractClass[]): DynamicModule {
    const check = {
      provide: Symbol('ContractsServed'),
      inject: [ModulesContainer],
      useFactory: (modules: ModulesContainer): OnModuleInit => ({
        onModuleInit: () => assertServedOnce(contracts, modules),
      }),
    };
    return { module: ContractsModule, providers: [check] };
  }
}
