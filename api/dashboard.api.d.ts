// What nestjs-redis-streams/dashboard exports. Printed by `npm run api`, and compared in CI.

import type { NestModule, OnModuleDestroy } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';
import type { IncomingMessage, ServerResponse } from 'node:http';

export declare class Dashboard {
  readonly route: string;
  constructor(options?: DashboardOptions);
  handle(request: IncomingMessage, response: ServerResponse, url?: string): boolean;
  close(): void;
}

export type DashboardGuard = (
  request: IncomingMessage,
) => boolean | DashboardUser | Promise<boolean | DashboardUser>;

export interface DashboardOptions extends RedisStreamsClientOptions {
  route?: string;
  readOnly?: boolean;
  auth?: DashboardGuard | DashboardPassword;
  hidePayloads?: boolean;
  interval?: number;
}

export interface DashboardPassword {
  readonly user: string;
  readonly password: string;
}

export interface DashboardUser {
  readonly name?: string;
  readonly readOnly?: boolean;
}

export declare class RedisStreamsDashboardModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleDestroy
{
  constructor(dashboard: Dashboard, host: HttpAdapterHost);
  configure(): void;
  onModuleDestroy(): void;
}

// Named above, and not exported.

declare const ConfigurableModuleClass: import('@nestjs/common').ConfigurableModuleCls<
  DashboardOptions,
  'forRoot',
  'create',
  {}
>;
