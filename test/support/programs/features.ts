// Uses each feature that needs an optional package, and prints as JSON what came of it: `works`, or the line that it
// refuses with. It is copied beside a copy of the library, so it imports nothing but packages.
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type MessageHandler, MessagePattern, Payload } from '@nestjs/microservices';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import {
  Command,
  Contract,
  contractClient,
  contractSchema,
  Discovery,
  Implements,
  remote,
} from 'nestjs-redis-streams/contracts';
import { RedisStreamsHealthIndicator } from 'nestjs-redis-streams/health';
import { instrumentMeter, traceRedisStreams } from 'nestjs-redis-streams/opentelemetry';
import { instrumentRedisStreams } from 'nestjs-redis-streams/prometheus';
import { inThread } from 'nestjs-redis-streams/threads';
import { lastValueFrom, toArray } from 'rxjs';

const address = JSON.parse(process.argv[2] ?? '{}') as { url: string; prefix: string };

class File {
  name!: string;
}
// Decorators of a package that may not be there.
const rules = await import('class-validator').catch(() => undefined);
rules?.IsString()(File.prototype, 'name');

@Contract({ name: 'files', version: '1.0.0' })
abstract class Files {
  @Command() count(names: string): Command<number> {
    return remote(names);
  }
}

@Contract({ name: 'uploads', version: '1.0.0' })
abstract class Uploads {
  @Command() put(file: File): Command<string> {
    return remote(file);
  }
}

@Controller()
@Implements(Files)
class FilesController {
  count(names: string): number {
    return names.length;
  }
}

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

@Module({ controllers: [EchoController, FilesController] })
class AppModule {}

/** What was logged as an error: a feature may refuse without throwing. */
const logged: string[] = [];
Logger.overrideLogger({
  log: () => undefined,
  warn: () => undefined,
  error: (line: unknown) => void logged.push(String(line)),
});

const strategy = new ServerRedisStreams({ ...address, group: 'files' });
const app = await NestFactory.createMicroservice(AppModule, { strategy });
await app.listen();
const client = new ClientRedisStreams(address);

const FEATURES: Record<string, () => unknown> = {
  calls: async () => {
    const [reply] = await lastValueFrom(client.send('echo', { a: 1 }).pipe(toArray()));
    if (JSON.stringify(reply) !== '{"a":1}') throw new Error(JSON.stringify(reply));
  },
  contracts: () => contractClient(Files, client).count('ab'),
  health: () => new RedisStreamsHealthIndicator().server('files', strategy),
  'the page': () => import('nestjs-redis-streams/dashboard'),
  'dead letters': () => import('nestjs-redis-streams/dead-letters'),
  operations: () => import('nestjs-redis-streams/operate'),
  'DTO classes': () => contractSchema(Uploads),
  'calls without a contract': async () => {
    const files = await new Discovery(client).service('files');
    await (files['count'] as (names: string) => Promise<unknown>)('ab');
  },
  MessagePack: () => import('nestjs-redis-streams/msgpack'),
  'metrics for Prometheus': () => instrumentRedisStreams()(),
  'metrics for OpenTelemetry': () => instrumentMeter()(),
  traces: () => traceRedisStreams()(),
  threads: async () => {
    const module = 'data:text/javascript,export const twice = (n) => 2 * n';
    const twice = inThread<(n: number) => number>(module, 'twice');
    const server = new ServerRedisStreams({ ...address, group: 'threads' });
    server.addHandler('twice', twice as MessageHandler, false, { threads: true });
    await server.listen((error) => {
      if (error) throw error as Error;
    });
    const result = await lastValueFrom(client.send('twice', 21));
    await server.close();
    if (result !== 42) throw new Error(JSON.stringify(result));
  },
};

const found: Record<string, string> = {};
for (const [name, use] of Object.entries(FEATURES)) {
  logged.length = 0;
  try {
    await use();
    found[name] = logged.join('\n') || 'works';
  } catch (error) {
    found[name] = (error as Error).message;
  }
}
await client.close();
await app.close();
process.stdout.write(JSON.stringify(found), () => process.exit());
