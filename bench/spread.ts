// npm run build:lib && node --import tsx bench/start.ts spread [--masters 1,3,6] [--spread 0,6,24] [--flight 16,256] [--calls 40000]:
// what a call of one hot pattern costs Redis, and which part of it each master of a Cluster carries. One process calls,
// another one serves. Not how many calls a second there are: all servers share the processors of one machine.
import { parseArgs } from 'node:util';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { Forked } from '../tools/forked.js';
import { RedisCluster } from '../tools/redis/cluster.js';

const { values } = parseArgs({
  options: {
    masters: { type: 'string', default: '1,3,6' },
    spread: { type: 'string', default: '0,6,24' },
    flight: { type: 'string', default: '16,256' },
    calls: { type: 'string', default: '40000' },
    serve: { type: 'string' },
    prefix: { type: 'string', default: 'nrs' },
  },
});
const numbers = (text: string): number[] => text.split(',').map(Number);
const optionsFor = (ports: string, prefix: string) => ({
  cluster: { nodes: ports.split(',').map((port) => `127.0.0.1:${port}`) },
  prefix,
});

/** Answers at once. */
async function serve(ports: string): Promise<void> {
  const spread = Number(values.spread);
  const server = new ServerRedisStreams({ ...optionsFor(ports, values.prefix), group: 'bench' });
  server.addHandler('work', async (data: unknown) => data, false, spread > 0 ? { spread } : {});
  await new Promise((resolve) => void server.listen(resolve));
  process.send?.('up');
}

/** Microseconds of the thread that runs commands. */
async function processorTime(redis: { info(section: string): Promise<string> }): Promise<number> {
  const info = await redis.info('cpu');
  const part = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return (part('used_cpu_user_main_thread') + part('used_cpu_sys_main_thread')) * 1e6;
}

async function measure(cluster: RedisCluster, spread: number): Promise<void> {
  const prefix = `spread-${spread}`;
  const ports = cluster.addresses.map(({ port }) => port).join(',');
  const of = ['--serve', ports, '--prefix', prefix, '--spread', String(spread)];
  const service = new Forked({ name: 'service', program: import.meta.filename, args: of });
  await service.message((_said): _said is 'up' => true, 60_000);
  const client = new ClientRedisStreams({ ...optionsFor(ports, prefix), timeout: 60_000 });
  await client.connect();
  const calls = Number(values.calls);
  for (const flight of numbers(values.flight)) {
    // Callers must have heard of the spread.
    await call(client, flight, calls / 4);
    const before = await times(cluster);
    await call(client, flight, calls);
    const after = await times(cluster);
    const each = after.map((time, at) => (time - (before[at] ?? 0)) / calls);
    const all = each.reduce((sum, time) => sum + time, 0);
    const busiest = Math.max(...each);
    const cells = [each.length, spread || 'none', flight, all.toFixed(1), busiest.toFixed(1)];
    const shares = each.map((time) => `${Math.round((100 * time) / all)} %`).join(', ');
    console.log(`| ${[...cells, shares].join(' | ')} |`);
  }
  await client.close();
  await service.kill();
}

const times = (cluster: RedisCluster) =>
  Promise.all(cluster.nodes.map(({ redis }) => processorTime(redis)));

async function call(client: ClientRedisStreams, flight: number, calls: number): Promise<void> {
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await firstValueFrom(client.send('work', { id: 'a1' }));
  };
  await Promise.all(Array.from({ length: flight }, caller));
}

if (values.serve === undefined) {
  console.log(
    '| masters | spread | calls in flight | µs, all masters | µs, the busiest | shares |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const masters of numbers(values.masters)) {
    const cluster = await RedisCluster.start({ masters });
    for (const spread of numbers(values.spread)) await measure(cluster, spread);
    await cluster.stop();
  }
} else {
  await serve(values.serve);
}
