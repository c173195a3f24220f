import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { instrumentRedisStreams } from 'nestjs-redis-streams/prometheus';
import { ServerRedisStreams } from 'nestjs-redis-streams';
import { OperatedModule } from './operated.module.js';
import { readSettings } from './settings.js';

const settings = readSettings(process.argv.slice(2), process.env);
const { url, group, prefix, httpPort } = settings;

// Before anything connects: what happened before is not counted.
if (httpPort !== undefined) instrumentRedisStreams({ gauges: { url, prefix } });
const strategy = new ServerRedisStreams({ url, group, prefix });
const app = await NestFactory.create(OperatedModule.register(settings, strategy));
app.connectMicroservice({ strategy });
// On SIGTERM: finish what runs, hand over the rest, and only then end.
app.enableShutdownHooks();
// HTTP comes first: while Redis is away the process lives, and says that it is not ready.
if (httpPort === undefined) await app.init();
else await app.listen(httpPort);
await app.startAllMicroservices();

new Logger('Demo').log(`${settings.name} serves as one of "${group}"`);
// Tells the program that started this process (a process manager, or the demo) that it is ready.
process.send?.('ready');
