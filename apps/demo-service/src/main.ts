import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ServerRedisStreams } from 'nestjs-redis-streams';
import { OrdersModule } from './orders.module.js';
import { readSettings } from './settings.js';

const settings = readSettings(process.argv.slice(2), process.env);
const { url, group, prefix } = settings;

const app = await NestFactory.createMicroservice<MicroserviceOptions>(
  OrdersModule.register(settings),
  { strategy: new ServerRedisStreams({ url, group, prefix }) },
);
// On SIGTERM: finish what runs, hand over the rest, and only then end.
app.enableShutdownHooks();
await app.listen();

new Logger('Demo').log(`${settings.name} serves as one of "${group}"`);
// Tells the program that started this process (a process manager, or the demo) that it is ready.
process.send?.('ready');
