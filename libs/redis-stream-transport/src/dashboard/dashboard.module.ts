import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type NestModule,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { RedisStreamsError } from '../errors.js';
import { GivenOptions } from '../module/given-options.js';
import type { DashboardOptions } from './dashboard-options.js';
import { Dashboard } from './dashboard.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<DashboardOptions>({ moduleName: 'RedisStreamsDashboard' })
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({
      ...definition,
      providers: definition.providers?.map((provider) =>
        'useValue' in provider
          ? { ...provider, useValue: new GivenOptions(provider.useValue as never) }
          : provider,
      ),
    }))
    .build();

/** Parts of both platforms: what is registered before the routes of the application sees every request first. */
interface Adapter {
  use(handle: (request: Incoming, response: ServerResponse, next: () => void) => void): unknown;
}

/** A request, which platforms may have given another `url`. */
type Incoming = IncomingMessage & { readonly originalUrl?: string };

/**
 * Shows a page about the streams, on Express and Fastify: at `route`, without the global prefix, guards, interceptors and
 * versions of the application.
 *
 * @example
 * RedisStreamsDashboardModule.forRoot({ route: '/streams', url: 'redis://localhost:6379' })
 */
@Module({
  providers: [
    {
      provide: Dashboard,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: DashboardOptions | GivenOptions) =>
        new Dashboard(GivenOptions.reveal(options)),
    },
  ],
  exports: [Dashboard],
})
export class RedisStreamsDashboardModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleDestroy
{
  constructor(
    @Inject(Dashboard) private readonly dashboard: Dashboard,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    super();
  }

  /** Nest calls it in an application that listens to HTTP, before it registers routes. */
  configure(): void {
    const adapter = this.host.httpAdapter as Adapter | undefined;
    if (typeof adapter?.use !== 'function') {
      throw new RedisStreamsError('INVALID_OPTION', 'dashboard: this application has no HTTP');
    }
    const { dashboard } = this;
    adapter.use((request, response, next) => {
      if (!dashboard.handle(request, response, request.originalUrl ?? request.url)) next();
    });
    new Logger(RedisStreamsDashboardModule.name).log(`The page is at ${dashboard.route}/`);
  }

  onModuleDestroy(): void {
    this.dashboard.close();
  }
}
