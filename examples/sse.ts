// Streaming to SSE: an HTTP application passes on what a service streams. When the browser goes away, the
// handler is stopped.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, type DynamicModule, type MessageEvent, Module, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import {
  ClientRedisStreams,
  RedisStreamsModule,
  RedisStreamsRecord,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { finalize, firstValueFrom, interval, map, type Observable, Subject, take } from 'rxjs';

const stopped = new Subject<string>();

// The service: it streams the progress of a report.

@Controller()
class ReportsController {
  @MessagePattern('reports.progress')
  progress(@Payload() { steps }: { steps: number }): Observable<number> {
    return interval(5).pipe(
      map((step) => step + 1),
      take(steps),
      finalize(() => stopped.next('the handler was torn down')),
    );
  }
}

@Module({ controllers: [ReportsController] })
class ReportsModule {}

// The HTTP application: one line between the service and the browser.

@Controller()
class ProgressController {
  constructor(private readonly client: ClientRedisStreams) {}

  @Sse('short')
  short(): Observable<MessageEvent> {
    return this.progress(3);
  }

  @Sse('endless')
  endless(): Observable<MessageEvent> {
    return this.progress(1_000_000);
  }

  private progress(steps: number): Observable<MessageEvent> {
    // The whole call has no limit: it may go on for as long as values come.
    const record = new RedisStreamsRecord({ steps }, { idleTimeout: 10_000 });
    return this.client
      .send<number>('reports.progress', record)
      .pipe(map((data) => ({ data: String(data) })));
  }
}

@Module({})
class WebModule {
  static register(redis: { url: string; prefix: string }): DynamicModule {
    const imports = [RedisStreamsModule.forRoot(redis)];
    return { module: WebModule, imports, controllers: [ProgressController] };
  }
}

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(ReportsModule, {
    strategy: new ServerRedisStreams({ ...redis, group: 'reports' }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const web = await NestFactory.create(WebModule.register(redis), {
    logger: ['error', 'warn'],
    forceCloseConnections: true,
  });
  await web.listen(0, '127.0.0.1');
  try {
    const address = await web.getUrl();
    const whole = await (await fetch(`${address}/short`)).text();
    const events = whole.match(/^data: .*$/gm);

    const end = firstValueFrom(stopped);
    const leaving = new AbortController();
    const { body } = await fetch(`${address}/endless`, { signal: leaving.signal });
    await body?.getReader().read();
    leaving.abort();
    return { events, end: await end };
  } finally {
    await web.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
