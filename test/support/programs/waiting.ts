// A service and a client of Nest that wait for a Redis which is not there. built-library.ts says where the library is.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type * as Library from 'nestjs-redis-streams';

interface Given {
  readonly library: string;
  readonly url: string;
  readonly mode: 'hooks' | 'no hooks' | 'by hand' | 'once' | 'taken away' | 'client';
}

const { library, url, mode } = JSON.parse(process.argv[2] ?? '') as Given;
const { ClientRedisStreams, RedisStreamsModule, ServerRedisStreams } = (await import(
  library
)) as typeof Library;

class AppModule {
  constructor(private readonly client: Library.ClientRedisStreams) {}
  async onModuleInit(): Promise<void> {
    if (mode === 'client') await this.client.connect();
  }
  // Another part of the application takes its time to end.
  onModuleDestroy = () => new Promise((resolve) => setTimeout(resolve, 50));
  onApplicationShutdown = () => new Promise((resolve) => setTimeout(resolve, 100));
}
Reflect.defineMetadata('design:paramtypes', [ClientRedisStreams], AppModule);
Module({ imports: [RedisStreamsModule.forRoot({ url })] })(AppModule);

const strategy = new ServerRedisStreams({ url, group: 'service' });
const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['error'] });
if (mode === 'by hand') process.on('SIGTERM', () => void app.close());
else if (mode === 'once') process.once('SIGTERM', () => void app.close());
else if (mode === 'taken away') {
  const own = () => {};
  process.on('SIGTERM', own);
  setTimeout(() => process.off('SIGTERM', own), 100).unref();
} else if (mode !== 'no hooks') app.enableShutdownHooks();
setTimeout(() => process.send?.('waiting'), 200).unref();
await app.listen();
