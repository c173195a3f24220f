import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { GivenOptions } from './given-options.js';
import { ClientRedisStreams } from '../nest/client-redis-streams.js';
import type { RedisStreamsClientOptions } from '../options/index.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<RedisStreamsClientOptions>({ moduleName: 'RedisStreams' })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: false }, (definition, { isGlobal }) => ({
      ...definition,
      providers: definition.providers?.map((provider) =>
        'useValue' in provider
          ? { ...provider, useValue: new GivenOptions(provider.useValue as never) }
          : provider,
      ),
      global: isGlobal,
    }))
    .build();

/**
 * Provides a `ClientRedisStreams`, to be injected by its class, and closes it on shutdown.
 *
 * @example
 * RedisStreamsModule.forRoot({ url: 'redis://localhost:6379', isGlobal: true })
 */
@Module({
  providers: [
    {
      provide: ClientRedisStreams,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: RedisStreamsClientOptions | GivenOptions) =>
        new ClientRedisStreams(GivenOptions.reveal(options)),
    },
  ],
  exports: [ClientRedisStreams],
})
export class RedisStreamsModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(@Inject(ClientRedisStreams) private readonly client: ClientRedisStreams) {
    super();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}
