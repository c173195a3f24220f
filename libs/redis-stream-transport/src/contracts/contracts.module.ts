import {
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { AnyClientProxy } from './call/any-client-proxy.js';
import { ClientRedisStreams } from '../nest/client-redis-streams.js';
import { watchOf } from './check/watches.js';
import { contractClient, type ContractClientOptions } from './call/contract-client.js';
import type { ContractClass } from './declare/definition.js';
import { contractToken } from './call/inject-contract.decorator.js';
import { assertServedOnce } from './serve/served-once.js';

export interface ContractsFeatureOptions extends ContractClientOptions {
  /** Token of the client proxy that calls go through. Default: `ClientRedisStreams`, of `RedisStreamsModule`. */
  readonly client?: InjectionToken;
  /** Modules that export the proxy, unless it is global. Default: none. */
  readonly imports?: ModuleMetadata['imports'];
}

const DEFAULTS = Symbol('ContractsDefaults');

/** Provides clients of contracts, compares them with their servers, and checks that contracts are served. */
@Module({})
export class ContractsModule {
  /** Sets the defaults of `forFeature` for the whole application. */
  static forRoot(options: ContractClientOptions): DynamicModule {
    const defaults = { provide: DEFAULTS, useValue: options };
    return { module: ContractsModule, global: true, providers: [defaults], exports: [DEFAULTS] };
  }

  /**
   * Provides a client of each contract, for `@InjectContract`. When the application starts, the client
   * connects and each contract is compared with those that are served, unless `check` is `'off'`; with
   * `'strict'`, or where a server insists, an application that does not fit does not start.
   *
   * @example
   * @Module({ imports: [RedisStreamsModule.forRoot({ isGlobal: true }), ContractsModule.forFeature([FilesContract])] })
   */
  static forFeature(
    contracts: readonly ContractClass[],
    { client = ClientRedisStreams, imports = [], check }: ContractsFeatureOptions = {},
  ): DynamicModule {
    const providers = contracts.map((contract) => ({
      provide: contractToken(contract),
      inject: [client, { token: DEFAULTS, optional: true }],
      useFactory: (proxy: AnyClientProxy, defaults: ContractClientOptions = {}) =>
        contractClient(contract, proxy, { check: check ?? defaults.check }),
    }));
    const tokens = providers.map(({ provide }) => provide);
    const compare = {
      provide: Symbol('ContractsCompared'),
      inject: tokens,
      useFactory: (...clients: object[]): OnApplicationBootstrap => ({
        async onApplicationBootstrap() {
          const watched = clients.flatMap((one) => watchOf(one) ?? []);
          const checked = watched.filter(({ mode }) => mode !== 'off');
          await Promise.all(checked.map((watch) => watch.begin()));
        },
      }),
    };
    return {
      module: ContractsModule,
      imports: [...imports],
      providers: [...providers, compare],
      exports: tokens,
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
