import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type RecordOptions, RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { atOnce } from '../../support/at-once.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { runningRecord } from '../../../libs/redis-stream-transport/src/protocol/result-record.js';
import {
  decodeFrame,
  type Reply,
} from '../../../libs/redis-stream-transport/src/protocol/frame.js';

/** A caller that writes packs by hand, as the protocol document says, and reads its reply log. */
class Packer {
  readonly id = randomBytes(16).toString('base64url');
  private calls = 0;

  constructor(
    private readonly service: TestService,
    readonly pattern = 'work',
  ) {}

  /** Adds one pack; returns its entry. */
  async send(data: readonly string[], flags = '', more: readonly string[] = []): Promise<string> {
    const { redis, keys } = this.service;
    const fields = [...this.fields(data, flags), ...more];
    return (await redis.xadd(keys.stream(this.pattern), '*', ...fields)) as string;
  }

  /** The fields of one pack. */
  fields(data: readonly string[], flags = ''): string[] {
    const ids = data.map(() => ++this.calls);
    const line = `1 pack.json ${data.length} ${this.id} 60000${flags}`;
    return ['c', line, 'm', ids.join(','), 'd', `[${data.join(',\n')}]`];
  }

  /** All replies so far. */
  async replies(): Promise<Reply[]> {
    const records = await this.service.redis.xrange(this.service.keys.log(this.id), '-', '+');
    return records.flatMap(([, fields]) => {
      const frame = decodeFrame(fields[1] ?? '');
      return typeof frame === 'string' ? [] : frame.replies;
    });
  }

  /** Waits until there are so many; as `[call, kind, payload]`, by call. */
  async heard(count: number): Promise<unknown[][]> {
    await eventually(async () => expect(await this.replies()).toHaveLength(count));
    const replies = await this.replies();
    return replies
      .map(([call, kind, , , , payload]) => [Number(call), kind, payload])
      .toSorted(([a], [b]) => (a as number) - (b as number));
  }
}

const LAST = 1;
const FAULT = 4;

async function isGone(service: TestService): Promise<void> {
  await eventually(async () => expect(await service.length('work')).toBe(0));
  expect(await service.pending('work')).toBe(0);
  expect(await service.redis.exists(service.keys.part('work'))).toBe(0);
}

describe('a pack', () => {
  it('runs call by call, and leaves nothing behind when all have ended', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: (data: number) => data * 2 } });
    const packer = new Packer(service);
    await packer.send(['1', '2', '3']);
    expect(await packer.heard(3)).toEqual([
      [1, LAST, 2],
      [2, LAST, 4],
      [3, LAST, 6],
    ]);
    await isGone(service);
  });

  it('P14: answers a call that cannot be understood by a fault, and the others as ever', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: (data: number) => data } });
    const packer = new Packer(service);
    await packer.send(['1', `${'['.repeat(200)}${']'.repeat(200)}`, '3', '{']);
    const heard = await packer.heard(4);
    expect(heard[0]).toEqual([1, LAST, 1]);
    expect(heard[2]).toEqual([3, LAST, 3]);
    for (const bad of [heard[1], heard[3]]) {
      expect(bad).toEqual([bad![0], FAULT, expect.objectContaining({ code: 'INVALID_MESSAGE' })]);
    }
    await isGone(service);
    expect((await service.deadLetters()).map(({ d }) => d).toSorted()).toEqual(
      ['[', '{'].map((start) => expect.stringMatching(`^\\${start}`) as unknown),
    );
  });

  it('P15: holds the limit of the payload for each call', async () => {
    const service = new TestService();
    await service.serve(
      { messages: { work: (data: string) => data.length } },
      { maxPayloadBytes: 100 },
    );
    const packer = new Packer(service);
    const small = JSON.stringify('x'.repeat(80));
    await packer.send([small, JSON.stringify('x'.repeat(200)), small]);
    const heard = await packer.heard(3);
    expect(heard[0]).toEqual([1, LAST, 80]);
    expect(heard[1]).toEqual([2, FAULT, expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' })]);
    expect(heard[2]).toEqual([3, LAST, 80]);
    await isGone(service);
  });

  it('is told to each of its callers when it cannot be read as a whole', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: (data: number) => data } });
    const packer = new Packer(service);
    const { redis, keys } = service;
    const line = `1 pack.json 3 ${packer.id} 60000`;
    await redis.xadd(keys.stream('work'), '*', 'c', line, 'm', '7,8', 'd', '[1,\n2]');
    const heard = await packer.heard(2);
    expect(heard.map(([call, kind]) => [call, kind])).toEqual([
      [7, FAULT],
      [8, FAULT],
    ]);
    await isGone(service);
  });

  it('delays no reply by its slowest call', async () => {
    const service = new TestService();
    const gate = new Gate();
    const work = async (data: number) => {
      if (data === 2) await gate.opened;
      return data;
    };
    await service.serve({ messages: { work } });
    const packer = new Packer(service);
    await packer.send(['1', '2', '3']);
    expect(await packer.heard(2)).toEqual([
      [1, LAST, 1],
      [3, LAST, 3],
    ]);
    expect(await service.redis.hvals(service.keys.part('work'))).toEqual(['x.x']);
    gate.open();
    await packer.heard(3);
    await isGone(service);
  });

  it('P1: runs only the call again that asks for it', async () => {
    const service = new TestService();
    const runs: number[] = [];
    const work = (data: number, context: RedisStreamsContext) => {
      runs.push(data);
      if (data === 2 && context.getFailedAttempts() === 0) throw new RetryLater(50);
      return data;
    };
    await service.serve({ messages: { work } });
    const packer = new Packer(service);
    await packer.send(['1', '2', '3']);
    await packer.heard(3);
    expect(runs.toSorted()).toEqual([1, 2, 2, 3]);
    await isGone(service);
    expect(await service.redis.exists(service.keys.due('work'))).toBe(0);
  });
});

/** An instance that is gone: it was given what there is, and left a tombstone. */
async function ghost(
  service: TestService,
  { deliveries = 1, state }: { deliveries?: number; state?: string } = {},
): Promise<string> {
  const { redis, keys } = service;
  const stream = keys.stream('work');
  await redis.xgroup('CREATE', stream, 'service', '0', 'MKSTREAM').catch(() => undefined);
  const read = await redis.xreadgroup('GROUP', 'service', 'ghost', 'STREAMS', stream, '>');
  const [[, entries]] = read as [[string, [string, string[]][]]];
  const id = entries[0]![0];
  await redis.xclaim(stream, 'service', 'ghost', 0, id, 'RETRYCOUNT', deliveries);
  if (state !== undefined) await redis.hset(keys.part('work'), id, state);
  await redis.set(keys.lease('ghost'), '+');
  return id;
}

describe('a pack that an instance has left behind', () => {
  it('P4: goes on with the calls that have not ended', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    await packer.send(['1', '2', '3']);
    await ghost(service, { state: 'x..' });
    const runs: number[] = [];
    const work = (data: number) => runs.push(data);
    await service.serve({ messages: { work } });
    expect((await packer.heard(2)).map(([call]) => call)).toEqual([2, 3]);
    expect(runs.toSorted()).toEqual([2, 3]);
    await isGone(service);
  });

  it('P11, P12: runs them one by one on its last delivery, each marked before it starts', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    const id = await packer.send(['1', '2', '3']);
    await ghost(service, { deliveries: 2 });
    const seen: (string | null)[] = [];
    const work = async (data: number) => {
      seen.push(await service.redis.hget(service.keys.part('work'), id));
      return data;
    };
    await service.serve({ messages: { work } }, { maxDeliveries: 3 });
    await packer.heard(3);
    expect(seen).toEqual(['t..', 'xt.', 'xxt']);
    await isGone(service);
    expect(await service.deadLetters()).toEqual([]);
  });

  it('P11: buries the call that was running whenever its instances ended, and runs the others', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    await packer.send(['1', '2', '3']);
    await ghost(service, { deliveries: 3, state: 'xt.' });
    await service.serve({ messages: { work: (data: number) => data } }, { maxDeliveries: 3 });
    const heard = await packer.heard(2);
    expect(heard[0]).toEqual([2, FAULT, expect.objectContaining({ code: 'DEAD_LETTERED' })]);
    expect(heard[1]).toEqual([3, LAST, 3]);
    await isGone(service);
    const [letter, ...others] = await service.deadLetters();
    // P19: the letter is of the call alone, so that it can be replayed.
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ reason: 'deliveries', d: '2' });
    expect(letter!['id']).toMatch(/^\d+-\d+#1$/);
    expect(letter!['c']).toBe(`1 json 2 ${packer.id} 60000`);
  });

  it('P13: answers INTERRUPTED for what was started and may be started once only', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    await packer.send(['1', '2', '3']);
    // So often that the call would be buried, if it were not known that it may be started once only.
    await ghost(service, { deliveries: 3, state: 'xt.' });
    const runs: number[] = [];
    const work = (data: number) => runs.push(data);
    const messages = { work: [work, { atMostOnce: true }] as const };
    await service.serve({ messages }, { maxDeliveries: 3 });
    const heard = await packer.heard(2);
    expect(heard[0]).toEqual([2, FAULT, expect.objectContaining({ code: 'INTERRUPTED' })]);
    expect(heard[1]!.slice(0, 2)).toEqual([3, LAST]);
    expect(runs).toEqual([3]);
    await isGone(service);
  });

  it('P7: is looked at before it runs when its group was made anew', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    await packer.send(['1', '2', '3']);
    await ghost(service, { state: 'x.x' });
    await service.redis.xgroup('DESTROY', service.keys.stream('work'), 'service');
    await service.redis.hset(service.keys.groups('work'), 'service', '1 r 0-0');
    const runs: number[] = [];
    await service.serve({ messages: { work: (data: number) => runs.push(data) } });
    await packer.heard(1);
    expect(runs).toEqual([2]);
    await isGone(service);
  });
});

describe('P13: a pack whose calls may be started once only', () => {
  const interrupted = [FAULT, expect.objectContaining({ code: 'INTERRUPTED' })];

  it.each([
    ['its header line', ' once', {}],
    ['its handler', '', { atMostOnce: true }],
  ])('has what starts in one turn marked in one step, as %s says', async (_, flag, extras) => {
    const service = new TestService();
    const packer = new Packer(service);
    const seen: (string | null)[] = [];
    const work = async (data: number) => {
      seen.push(await service.redis.hget(service.keys.part('work'), id));
      return data;
    };
    const id = await packer.send(['1', '2', '3'], flag);
    await service.serve({ messages: { work: [work, extras] } });
    expect(await packer.heard(3)).toEqual([1, 2, 3].map((n) => [n, LAST, n]));
    expect(seen).toEqual(['ttt', 'ttt', 'ttt']);
    await isGone(service);
  });

  it('is left to its instance when the group is destroyed and another instance is given it', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    await packer.send(['1', '2', '3'], ' once');
    const gate = new Gate();
    const runs: number[] = [];
    const work = async (data: number) => {
      runs.push(data);
      await gate.opened;
      return data;
    };
    await service.serve({ messages: { work } });
    await eventually(() => expect(runs).toHaveLength(3));
    const [starter] = await service.redis.hvals(service.keys.started('work'));
    await service.serve({ messages: { work } });
    const stream = service.keys.stream('work');
    // Until the second instance has been given the pack.
    await eventually(async () => {
      await service.redis.xgroup('DESTROY', stream, 'service');
      await eventually(async () => expect(await service.pending('work')).toBe(1));
      const [owner] = (await service.redis.xpending(stream, 'service', '-', '+', 1)) as string[][];
      expect(owner?.[1]).not.toBe(starter);
    });
    gate.open();
    expect(await packer.heard(3)).toEqual([1, 2, 3].map((n) => [n, LAST, n]));
    expect(runs).toHaveLength(3);
    await isGone(service);
    expect(await service.redis.exists(service.keys.started('work'))).toBe(0);
  });

  it('leaves those that have not started to others when its instance leaves', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    const id = await packer.send(['1', '2', '3'], ' once');
    const runs: number[] = [];
    const never = (data: number) => {
      runs.push(data);
      return new Promise(() => undefined);
    };
    const options = { concurrency: 1, drainTimeout: 50 };
    const leaving = await service.serve({ messages: { work: never } }, options);
    const state = () => service.redis.hget(service.keys.part('work'), id);
    await eventually(async () => expect(await state()).toBe('t..'));
    await service.serve({ messages: { work: (data: number) => runs.push(data) } });
    await leaving.close();
    const heard = await packer.heard(3);
    expect(heard[0]).toEqual([1, ...interrupted]);
    expect(heard.slice(1).map(([call, kind]) => [call, kind])).toEqual([
      [2, LAST],
      [3, LAST],
    ]);
    expect(runs.toSorted()).toEqual([1, 2, 3]);
    await isGone(service);
  });

  it('is ended by its own instance when Redis has lost its settlement', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    const runs: number[] = [];
    const work = (data: number, context: RedisStreamsContext) => {
      runs.push(data);
      return context.getConsumer();
    };
    const server = await service.serve({ messages: { work } });
    await packer.send(['0'], ' once');
    const [[, , consumer]] = (await packer.heard(1)) as [[number, number, string]];
    // It lists the pack as handed out to the instance, which does not know of it.
    const { redis, keys } = service;
    const [stream, id] = [keys.stream('work'), `${Date.now() + 5}-0`];
    await redis
      .multi()
      .xadd(stream, id, ...packer.fields(['1', '2', '3'], ' once'))
      .xgroup('SETID', stream, 'service', id)
      .xclaim(stream, 'service', consumer, 0, id, 'FORCE', 'JUSTID')
      .hset(keys.part('work'), id, 't.x')
      .exec();
    const [commands] = server.unwrap<Redis[]>();
    commands!.disconnect();
    expect((await packer.heard(3)).slice(1)).toEqual([
      [2, ...interrupted],
      [3, LAST, consumer],
    ]);
    expect(runs).toEqual([0, 2]);
    await isGone(service);
  });
});

describe('L22: calls of a pack with idempotency keys', () => {
  const keys = (...names: (string | null)[]) => [
    'k',
    `[${names.map((name) => JSON.stringify(name)).join(',\n')}]`,
  ];

  it('run once for each key; a second one waits for the first and gets its result', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    let runs = 0;
    const gate = new Gate();
    const work = async (data: number) => {
      const run = ++runs;
      if (data === 1) await gate.opened;
      return run;
    };
    await service.serve({ messages: { work } });
    await packer.send(['1', '1', '2', '1'], '', keys('a', 'a', 'b', null));
    // Of the two with the same key one runs. What has no key runs on its own.
    await eventually(() => expect(runs).toBe(3));
    expect(await packer.heard(1)).toEqual([[3, LAST, expect.any(Number)]]);
    gate.open();
    const heard = await packer.heard(4);
    expect(heard[0]![2]).toBe(heard[1]![2]);
    expect(runs).toBe(3);
    await isGone(service);
    await packer.send(['1', '2'], '', keys('a', 'a'));
    const [, , , , stored, refused] = await packer.heard(6);
    expect(stored).toEqual([5, LAST, heard[0]![2]]);
    expect(refused).toEqual([6, FAULT, expect.objectContaining({ code: 'IDEMPOTENCY_MISMATCH' })]);
    expect(runs).toBe(3);
    await isGone(service);
  });

  it('go on under their keys when another instance takes over, unless they were started once', async () => {
    const service = new TestService();
    const packer = new Packer(service);
    await packer.send(['1', '2', '3'], ' once', keys('a', 'b', 'c'));
    const id = await ghost(service, { state: 't..' });
    const record = (key: string) => service.keys.idempotency('service', 'work', key);
    for (const [place, key] of ['a', 'b'].entries()) {
      const h = createHash('sha256')
        .update(`${place + 1}`)
        .digest('base64url');
      await service.redis.set(record(key), runningRecord(h, `${id}#${place}`, 'work'));
    }
    const runs: number[] = [];
    await service.serve({ messages: { work: (data: number) => runs.push(data) } });
    const heard = await packer.heard(3);
    expect(heard[0]).toEqual([1, FAULT, expect.objectContaining({ code: 'INTERRUPTED' })]);
    expect(heard.slice(1).map(([, kind]) => kind)).toEqual([LAST, LAST]);
    expect(runs.toSorted()).toEqual([2, 3]);
    await isGone(service);
    // What was interrupted left no result: its key is free.
    expect(await service.redis.exists(record('a'))).toBe(0);
    await packer.send(['1'], '', keys('a'));
    expect((await packer.heard(4))[3]!.slice(0, 2)).toEqual([4, LAST]);
  });
});

describe('a caller', () => {
  /** Somebody answers the pattern, as far as callers can see, and reads nothing. */
  const announced = (service: TestService, flag: string) =>
    service.redis.zadd(
      service.keys.live('work'),
      Date.now() + 60_000,
      `service other-${flag.replace(' ', '-')} ${flag}`,
    );

  /** Entries of the stream, by the number of their calls. */
  const sizes = async (service: TestService) => {
    const entries = await service.redis.xrange(service.keys.stream('work'), '-', '+');
    return entries.map(([, fields]) => Number(/^1 pack\.json (\d+) /.exec(fields[1]!)?.[1] ?? 1));
  };

  /** The client has the verdicts of all that it sent before: they come in order, and this is one more. */
  const answered = (client: Caller) => client.failure('unserved', 1, { whenNoConsumer: 'fail' });

  /** One call, whose verdict says who takes packs, and then so many in one turn. */
  async function burst(
    service: TestService,
    count: number,
    options?: (i: number) => RecordOptions,
  ) {
    const client = await service.connected();
    const first = client.failure('work', -1, { timeout: 60_000 });
    await eventually(async () => expect(await service.length('work')).toBe(1));
    await answered(client);
    const calls = atOnce(() =>
      range(count).map((i) => client.call('work', i, { timeout: 60_000, ...options?.(i) })),
    );
    for (const call of calls) call.catch(() => undefined);
    void first.catch(() => undefined);
    return { client, calls };
  }

  it('puts calls of one turn into packs of at most 32 for a lone instance', async () => {
    const service = new TestService();
    await announced(service, 'packs');
    await burst(service, 100);
    await eventually(async () => expect((await sizes(service)).slice(1)).toHaveLength(4));
    expect((await sizes(service)).slice(1)).toEqual([25, 25, 25, 25]);
  });

  it('shares a burst among several live instances', async () => {
    const service = new TestService();
    for (let i = 0; i < 4; i++) {
      await service.redis.zadd(
        service.keys.live('work'),
        Date.now() + 60_000,
        `service other-${i} packs`,
      );
    }
    await burst(service, 32);
    await eventually(async () => expect((await sizes(service)).slice(1)).toHaveLength(16));
    expect(new Set((await sizes(service)).slice(1))).toEqual(new Set([2]));
  });

  it('P13: puts calls that may be started once only into packs of their own', async () => {
    const service = new TestService();
    await announced(service, 'packs once');
    await burst(service, 40, (i) => ({ atMostOnce: i % 2 === 1 }));
    await eventually(async () => expect(await sizes(service)).toEqual([1, 20, 20]));
    const entries = await service.redis.xrange(service.keys.stream('work'), '-', '+');
    const once = entries.map(([, fields]) => fields[1]!.endsWith(' once'));
    expect(once).toEqual([false, false, true]);
    // As many for those that may be started once: odd numbers.
    const data = entries[2]![1][5]!;
    expect((JSON.parse(data) as number[]).every((i) => i % 2 === 1)).toBe(true);
  });

  it('L22: puts calls with keys into packs, each with its own', async () => {
    const service = new TestService();
    await announced(service, 'packs');
    await burst(service, 16, (i) => ({ idempotencyKey: `key ${i}` }));
    await eventually(async () => expect(await sizes(service)).toEqual([1, 16]));
    const [, [, fields]] = (await service.redis.xrange(service.keys.stream('work'), '-', '+')) as [
      unknown,
      [string, string[]],
    ];
    const written = fields[fields.indexOf('k') + 1]!;
    expect(JSON.parse(written)).toEqual(range(16).map((i) => `key ${i}`));
  });

  it.each([
    ['-', {}],
    ['once', { atMostOnce: true }],
  ])('P16: sends no packs while an instance is live that says %s', async (flag, options) => {
    const service = new TestService();
    await announced(service, 'packs');
    await announced(service, flag);
    await burst(service, 40, () => options);
    await eventually(async () => expect(await service.length('work')).toBe(41));
  });

  it('P6: is told that a call of a pack that nobody was given did not run, and it never does', async () => {
    const service = new TestService();
    await announced(service, 'packs');
    const cancel = new AbortController();
    const { client, calls } = await burst(service, 64, (i) =>
      i === 5 ? { signal: cancel.signal } : {},
    );
    await eventually(async () => expect(await service.length('work')).toBe(3));
    await answered(client);
    cancel.abort();
    await expect(calls[5]).rejects.toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
    const runs: number[] = [];
    const work = (data: number) => {
      runs.push(data);
      return data;
    };
    await service.redis.zrem(service.keys.live('work'), 'service other-packs packs');
    await service.serve({ messages: { work } });
    const others = calls.filter((_, i) => i !== 5);
    expect(await Promise.all(others)).toEqual(range(64).filter((i) => i !== 5));
    expect(runs).not.toContain(5);
    await isGone(service);
  });

  it('P19: cancels one call of a pack that runs, and no other', async () => {
    const service = new TestService();
    const gate = new Gate();
    const aborted: number[] = [];
    const work = async (data: number, { signal }: RedisStreamsContext) => {
      if (data < 0) return data;
      signal.addEventListener('abort', () => aborted.push(data));
      await Promise.race([
        gate.opened,
        new Promise((resolve) => signal.addEventListener('abort', resolve)),
      ]);
      return data;
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    await client.call('work', -1);
    await answered(client);
    const cancel = new AbortController();
    const calls = atOnce(() =>
      range(64).map((i) => client.call('work', i, i === 7 ? { signal: cancel.signal } : {})),
    );
    await eventually(async () => expect(await sizes(service)).toEqual([32, 32]));
    cancel.abort();
    await expect(calls[7]).rejects.toMatchObject({ code: 'CANCELLED', outcome: 'may-have-run' });
    await eventually(() => expect(aborted).toEqual([7]));
    gate.open();
    expect(await Promise.all(calls.filter((_, i) => i !== 7))).toHaveLength(63);
    await isGone(service);
  });
});
