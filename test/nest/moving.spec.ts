import { setTimeout as pause } from 'node:timers/promises';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  ClientProxyFactory,
  type ClientProxy,
  EventPattern,
  MessagePattern,
  type MicroserviceOptions,
  type NestMicroservice,
  type RedisOptions,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { Redis } from 'ioredis';
import { firstValueFrom, timeout } from 'rxjs';
import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { redisUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

// The guide "Side by side" of docs/migrating.md, step by step, while callers call and a sender sends.

const CALLERS = 4;
/** Calls that are open at once, of one caller. */
const AT_ONCE = 3;
/** Of each caller, in each step. */
const CALLS = 30;
const NEVER_MS = 20_000;

type Way = 'nest' | 'ours';

/** How often handlers ran, by what they were given. */
const runs = new Map<string, number>();
const ran = (id: string): void => void runs.set(id, (runs.get(id) ?? 0) + 1);

/** Nest's Redis transport has no prefix: these patterns must be nobody else's. */
@Controller()
class MovingController {
  /** Handlers of calls that run in this application. */
  running = 0;

  @MessagePattern('moving.work')
  async work(id: string): Promise<string> {
    ran(id);
    this.running++;
    await pause(3);
    this.running--;
    return `done ${id}`;
  }

  @EventPattern('moving.event')
  event(id: string): void {
    ran(id);
  }
}

/**
 * Nest's Redis transport publishes replies of handlers that outlive `close()` on a connection that is closed, which is an
 * unhandled rejection. So it hears nothing new first, and what runs ends.
 */
async function drainNest(app: INestApplication): Promise<void> {
  const [nest] = app.getMicroservices() as NestMicroservice[];
  const [, subscriber] = nest!.unwrap<[Redis, Redis]>();
  await subscriber.unsubscribe();
  // Handlers of what came before have begun when this is answered.
  await subscriber.ping();
  await eventually(() => expect(app.get(MovingController).running).toBe(0));
  // The last reply is published when its handler has returned.
  await subscriber.ping();
}

/** Acts again and again through a client; the client can be exchanged meanwhile. */
class Load {
  readonly failures: unknown[] = [];
  done = 0;
  /** Everything that it has sent. */
  readonly ids: string[] = [];
  private over = false;
  private loops: Promise<void>[] = [];

  constructor(
    private readonly name: string,
    private readonly act: (client: ClientProxy, id: string) => Promise<unknown>,
    private client: ClientProxy,
    private way: Way = 'nest',
  ) {
    this.begin();
  }

  /** The old client is closed when nothing of it is open; the application of a caller is deployed like that. */
  async moveTo(client: ClientProxy): Promise<void> {
    await this.end();
    [this.client, this.way] = [client, 'ours'];
    this.begin();
  }

  async end(): Promise<void> {
    this.over = true;
    await Promise.all(this.loops);
    await this.client.close();
  }

  private begin(): void {
    this.over = false;
    this.loops = Array.from({ length: AT_ONCE }, () => this.loop());
  }

  private async loop(): Promise<void> {
    while (!this.over) {
      const id = `${this.way} ${this.name} ${this.ids.length}`;
      this.ids.push(id);
      await this.act(this.client, id).catch((error: unknown) => this.failures.push(error));
      this.done++;
    }
  }
}

const call = async (client: ClientProxy, id: string): Promise<void> => {
  const answer = client.send<string>('moving.work', id).pipe(timeout(NEVER_MS));
  expect(await firstValueFrom(answer)).toBe(`done ${id}`);
};

const tell = async (client: ClientProxy, id: string): Promise<void> => {
  await firstValueFrom(client.emit('moving.event', id), { defaultValue: undefined });
  await pause(3);
};

test('X26 services, callers and senders move one by one under load: nothing fails, nothing is lost, and nothing that came over this transport runs twice', async () => {
  runs.clear();
  const service = new TestService();
  const { hostname: host, port, username, password } = new URL(redisUrl);
  const credentials = {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
  const redis: RedisOptions = {
    transport: Transport.REDIS,
    options: { host, port: Number(port || 6379), ...credentials },
  };
  const nest = (): ClientProxy => ClientProxyFactory.create(redis);
  const ours = (): MicroserviceOptions => ({ strategy: service.strategy() });

  const apps = new Set<INestApplication>();
  const start = async (...transports: MicroserviceOptions[]): Promise<INestApplication> => {
    const testing = await Test.createTestingModule({ controllers: [MovingController] }).compile();
    const app = testing.createNestApplication({ logger: false });
    for (const transport of transports) app.connectMicroservice(transport);
    await app.startAllMicroservices();
    await app.init();
    apps.add(app);
    return app;
  };
  const stop = async (app: INestApplication): Promise<void> => {
    apps.delete(app);
    await app.close();
  };

  const before = await start(redis);
  const callers = Array.from({ length: CALLERS }, (_, i) => new Load(`call ${i}`, call, nest()));
  const sender = new Load('event', tell, nest());
  const loads = [...callers, sender];
  onTestFinished(async () => {
    await Promise.all(loads.map((load) => load.end()));
    for (const app of apps) await app.close();
  });
  /** Until everybody has gone on for a while. */
  const more = async (): Promise<void> => {
    const from = loads.map(({ done }) => done);
    await eventually(() => {
      for (const [i, load] of loads.entries()) expect(load.done).toBeGreaterThan(from[i]! + CALLS);
    }, 60_000);
  };

  await more();
  // 1. Services with both transports, while the old ones are still there.
  const both = await start(redis, ours());
  await more();
  await drainNest(before);
  await stop(before);
  await more();
  // 2. Callers, one by one.
  for (const caller of callers) {
    await caller.moveTo(service.client());
    await more();
  }
  // 3. Senders of events.
  await sender.moveTo(service.client());
  await more();
  // 4. Services without the old transport.
  await start(ours());
  await more();
  await stop(both);
  await more();
  await Promise.all(loads.map((load) => load.end()));

  expect(loads.flatMap(({ failures }) => failures)).toEqual([]);
  const all = loads.flatMap((load) => load.ids);
  await eventually(() => expect(all.filter((id) => !runs.has(id))).toEqual([]));
  const twice = all.filter((id) => runs.get(id)! > 1);
  // Nest's transport runs everything in every instance, as it did before: here while there were two.
  expect(twice.filter((id) => id.startsWith('ours'))).toEqual([]);
  expect(twice.every((id) => runs.get(id) === 2)).toBe(true);
  expect(all.filter((id) => id.startsWith('ours')).length).toBeGreaterThan(CALLS * CALLERS);
}, 240_000);
