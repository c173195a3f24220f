import { onTestFinished } from 'vitest';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { monitor } from '../../support/monitor.js';
import { TestService } from '../../support/test-service.js';

const patterns = range(200).map((i) => `pattern.${i}`);

const echoes = (handler: (data: unknown, pattern: string) => unknown = (data) => data) =>
  Object.fromEntries(
    patterns.map((pattern) => [pattern, (data: unknown) => handler(data, pattern)]),
  );

/** The reads of a service: how many streams each names, and whether it blocks. */
async function watchReads(service: TestService) {
  const reads: { streams: number; blocks: boolean }[] = [];
  await monitor(service.url, (args) => {
    if (args[0]?.toLowerCase() !== 'xreadgroup') return;
    const streams = args.filter((arg) => arg.startsWith(service.stream('')));
    if (streams.length === 0) return;
    reads.push({ streams: streams.length, blocks: args.includes('BLOCK') });
  });
  return reads;
}

/** Redis tells which streams are written: from the first message on, reads name these alone. */
async function told(client: Caller, reads: Awaited<ReturnType<typeof watchReads>>) {
  await eventually(async () => {
    const seen = reads.length;
    expect(await client.call('pattern.0', 'ready')).toBe('ready');
    await eventually(() => expect(reads.length).toBeGreaterThan(seen));
    expect(reads.at(-1)!.blocks).toBe(false);
    // A read that leaves out streams because slots are taken does not block either.
    expect(reads.at(-1)!.streams).toBeLessThan(5);
  }, 5000);
}

/** Ids of the connections over which Redis tells. */
async function tellers(service: TestService): Promise<string[]> {
  const list = String(await service.redis.client('LIST'));
  const [consumer] = await service.consumers('pattern.0');
  return list
    .split('\n')
    .filter(
      (line) =>
        line.includes(`:changes:service:${consumer}`) && line.includes(`redir=${idIn(line)} `),
    )
    .map(idIn);
}

const idIn = (line: string) => /\bid=(\d+)/.exec(line)?.[1] ?? '';

describe('a service of many patterns', () => {
  it('reads only the streams that were written, and all of them now and then', async () => {
    const service = new TestService();
    const reads = await watchReads(service);
    await service.serve({ messages: echoes() });
    const client = await service.connected();
    await told(client, reads);
    // The reads of all that began when the first message came are over.
    await eventually(() => expect(reads.at(-1)!.streams).toBeLessThan(5));
    const [before, began] = [reads.length, Date.now()];
    for (const i of range(30)) expect(await client.call(`pattern.${i + 50}`, i)).toBe(i);
    // Each call has a read, of which the test hears a little later.
    await eventually(() => expect(reads.length - before).toBeGreaterThanOrEqual(30));
    const meanwhile = reads.slice(before);
    expect(meanwhile.every(({ blocks }) => !blocks)).toBe(true);
    const ofAll = meanwhile.filter(({ streams }) => streams >= 5).length;
    expect(ofAll).toBeLessThanOrEqual(1 + (Date.now() - began) / 1000);
    await eventually(() =>
      expect(reads.slice(before).some(({ streams }) => streams === 200)).toBe(true),
    );
  });

  it('runs each call once, with few slots, bounds of patterns and several instances', async () => {
    const service = new TestService();
    const ran = new Tally();
    const messages = Object.fromEntries(
      Object.entries(echoes((data) => (ran.add(String(data)), data))).map(
        ([pattern, handler], i) =>
          i % 3 === 0 ? [pattern, [handler, { concurrency: 1 }] as const] : [pattern, handler],
      ),
    ) as ReturnType<typeof echoes>;
    await service.serve({ messages }, { concurrency: 7 });
    await service.serve({ messages: echoes((data) => (ran.add(String(data)), data)) });
    const client = await service.connected();
    const keys = range(3).flatMap((round) => patterns.map((pattern) => ({ pattern, round })));
    await Promise.all(
      keys.map(({ pattern, round }) => client.call(pattern, `${pattern}/${round}`)),
    );
    expect(ran.total).toBe(600);
    expect(await Promise.all(keys.map(({ pattern }) => service.pending(pattern)))).toEqual(
      keys.map(() => 0),
    );
  });

  it('goes on when the connection is lost over which Redis tells, and is told again', async () => {
    const service = new TestService();
    const reads = await watchReads(service);
    await service.serve({ messages: echoes() });
    const client = await service.connected();
    await told(client, reads);
    const ours = (await tellers(service)).filter((id) => id !== '');
    expect(ours.length).toBeGreaterThan(0);
    for (const id of ours) await service.redis.client('KILL', 'ID', id).catch(() => undefined);
    const calls = patterns.map((pattern) => client.call(pattern, pattern));
    expect(await Promise.all(calls)).toEqual(patterns);
    await told(client, reads);
  });

  it('reads all streams where Redis does not permit to be told', async () => {
    const service = new TestService();
    const user = service.prefix;
    await service.redis.acl(
      ...(['SETUSER', user, 'on', '>secret', '~*', '&*', '+@all', '-client|tracking'] as const),
    );
    onTestFinished(() => service.redis.acl('DELUSER', user).then(() => undefined));
    const reads = await watchReads(service);
    await service.serve({ messages: echoes() }, { username: user, password: 'secret' });
    const client = await service.connected();
    const calls = patterns.map((pattern) => client.call(pattern, pattern));
    expect(await Promise.all(calls)).toEqual(patterns);
    await eventually(() => expect(reads.at(-1)).toEqual({ streams: 200, blocks: true }));
  });

  it('is told by a user who may listen to the channels of the prefix only', async () => {
    const service = new TestService();
    const user = service.prefix;
    const tag = `{${service.prefix}}*`;
    const rights = ['resetkeys', `~${tag}`, 'resetchannels', `&${tag}`, '+@all'] as const;
    await service.redis.acl('SETUSER', user, 'on', '>secret', ...rights);
    onTestFinished(() => service.redis.acl('DELUSER', user).then(() => undefined));
    const reads = await watchReads(service);
    await service.serve({ messages: echoes() }, { username: user, password: 'secret' });
    await told(await service.connected(), reads);
    expect(await tellers(service)).toHaveLength(1);
  });

  it('closes while it waits to be told, and reads nothing more', async () => {
    const service = new TestService();
    const reads = await watchReads(service);
    const server = await service.serve({ messages: echoes() });
    const client = await service.connected({ whenNoConsumer: 'wait' });
    await told(client, reads);
    await server.close();
    const call = client.call('pattern.7', 7);
    await eventually(async () => expect(await service.length('pattern.7')).toBe(1));
    expect(await service.pending('pattern.7')).toBe(0);
    await service.serve({ messages: echoes() });
    expect(await call).toBe(7);
  });

  it('takes over what an instance held, and reads under its new name what is told', async () => {
    const service = new TestService();
    const reads = await watchReads(service);
    const gate = new Gate();
    const runs: string[] = [];
    const handler = (context: { getConsumer(): string }, data: unknown) => {
      runs.push(context.getConsumer());
      return data === 'wait' ? gate.opened.then(() => data) : data;
    };
    const messages = Object.fromEntries(
      patterns.map((pattern) => [
        pattern,
        (data: unknown, context: { getConsumer(): string }) => handler(context, data),
      ]),
    );
    await service.serve({ messages }, { leaseTtl: 1500 });
    const client = await service.connected();
    await told(client, reads);
    const call = client.call('pattern.9', 'wait');
    await eventually(async () => expect(await service.pending('pattern.9')).toBe(1));
    const first = runs.at(-1)!;
    await service.redis.set(service.keys.lease(first), '+');
    await eventually(() => expect(runs.filter((name) => name !== first)).not.toHaveLength(0), 5000);
    gate.open();
    expect(await call).toBe('wait');
    expect(await client.call('pattern.10', 10)).toBe(10);
    expect(runs.at(-1)).not.toBe(first);
  });
});
