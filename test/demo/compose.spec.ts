// What deploy/compose.yaml says, without containers: its Redis, with its arguments; its apps, with their commands and
// variables, at ports of this machine; and what its health checks and Prometheus ask of them.
import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { diagnose } from 'nestjs-redis-streams/operate';
import { onTestFinished } from 'vitest';
import { Forked } from '../../tools/forked.js';
import { freePort } from '../../tools/free-port.js';
import { repository } from '../../tools/repository.js';
import { eventually } from '../../tools/wait.js';
import { appsOf, compose } from '../deploy/compose.js';
import { samplesOf } from '../metrics/scraped.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { buildApps } from './build-apps.js';

const { services } = compose();

beforeAll(() => buildApps(), 120_000);

/** The Redis of the file, as far as it has arguments that this machine's server knows. */
async function redis() {
  const [program, ...args] = services['redis']?.command ?? [];
  expect(program).toBe('redis-server');
  const server = await startPrivateRedis({ args });
  onTestFinished(() => server.stop());
  return server;
}

interface App {
  readonly process: Forked;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
}

/** A process of the file, with an address and a port of this machine. */
async function start(name: string, url: string): Promise<App> {
  const { command = [], environment = {} } = services[name] ?? {};
  const port = await freePort();
  const [, program = '', ...args] = command;
  const env = {
    ...environment,
    REDIS_URL: url,
    ...(environment['HTTP_PORT'] === undefined ? {} : { HTTP_PORT: String(port) }),
  };
  const process = new Forked({ name, program: `${repository}/${program}`, args, env });
  onTestFinished(async () => void (await process.kill()));
  return { process, port, env };
}

/** The exit code of a health check of the file. */
async function health(name: string, { env }: App): Promise<number> {
  const [kind, program = '', ...args] = services[name]?.healthcheck?.test ?? [];
  expect(kind).toBe('CMD');
  const check = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  const [code] = (await once(check, 'exit')) as [number];
  return code;
}

test('its processes serve, are healthy, are scraped, answer over HTTP, and end in time', async () => {
  const server = await redis();
  const serving = appsOf({ services, volumes: {} }).filter(
    ([, { environment }]) => environment?.['HTTP_PORT'] !== undefined,
  );
  const apps = new Map<string, App>();
  for (const [name] of serving) apps.set(name, await start(name, server.url));
  expect([...apps.keys()]).toEqual(['orders', 'audit', 'gateway']);
  for (const [name, app] of apps) {
    await eventually(async () => expect(await health(name, app)).toBe(0), 30_000, 200);
  }
  const gateway = apps.get('gateway') as App;
  const id = randomUUID();
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/orders/${id}/price?quantity=2`);
  expect(await answer.json()).toMatchObject({ total: 39 });
  const metrics = async ({ port }: App) =>
    samplesOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  expect(await metrics(gateway)).toContainEqual({
    name: 'nestjs_redis_streams_calls_total',
    labels: { pattern: 'orders.price', result: 'answered', code: '' },
    value: 1,
  });
  const live = async () => {
    const all = [
      ...(await metrics(apps.get('orders') as App)),
      ...(await metrics(apps.get('audit') as App)),
    ];
    return all.filter(({ name }) => name === 'nestjs_redis_streams_live_instances');
  };
  // One of them reads what Redis knows, of both services.
  await eventually(async () => expect(await live()).toHaveLength(2), 30_000, 500);
  // Of its settings doctor says only that one machine is one machine.
  const found = await diagnose({ url: server.url, timeout: 5000 });
  expect(found.map(({ code }) => code)).toEqual(['NO_REPLICA']);
  const began = Date.now();
  await Promise.all([...apps.values()].map(({ process }) => process.terminate()));
  expect(Date.now() - began).toBeLessThan(15_000);
}, 90_000);

test('while Redis is away its processes live, are not ready, and become so when it comes', async () => {
  const server = await redis();
  await server.kill();
  const app = await start('orders', server.url);
  const status = async (path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${app.port}${path}`)).status;
  await eventually(async () => expect(await status('/health/live')).toBe(200), 30_000, 200);
  expect(await status('/health/ready')).toBe(503);
  await server.restart();
  await eventually(async () => expect(await status('/health/ready')).toBe(200), 30_000, 200);
  expect(await health('orders', app)).toBe(0);
}, 90_000);
