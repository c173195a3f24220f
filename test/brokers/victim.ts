// An instance in a process of its own that begins all that it gets, and ends none of it: one to be killed. It says a word
// when it listens, and one for each. What it is given is JSON: options of its server, drivers that this needs, and a pattern.
import { Logger } from '@nestjs/common';
import type { MicroserviceOptions, Server } from '@nestjs/microservices';
import { ServerFactory } from '@nestjs/microservices/server/server-factory.js';
import { ServerRedisStreams, type RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { provide } from './drivers.js';

export interface VictimOptions {
  /** Options of Nest's server; those of this transport have no name of a transport. */
  readonly options: MicroserviceOptions | RedisStreamsServerOptions;
  readonly drivers: readonly string[];
  readonly pattern: string;
}

const { options, drivers, pattern } = JSON.parse(process.argv[2]!) as VictimOptions;
Logger.overrideLogger(false);
for (const name of drivers) await provide(name);
const server = (
  'transport' in options
    ? ServerFactory.create(options)
    : new ServerRedisStreams(options as RedisStreamsServerOptions)
) as Server & { listen(told: (error?: unknown) => void): unknown };
const say = (word: string) => process.stdout.write(`${word}\n`);
server.addHandler(pattern, () => {
  say('began');
  return new Promise(() => {});
});
server.listen((error) => {
  if (error === undefined) say('listening');
  else console.error(error);
});
// It ends with whoever has started it.
process.stdin.resume().once('end', () => process.exit(1));
