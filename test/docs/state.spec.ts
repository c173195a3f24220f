import { createHash } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  DeadLetter,
  REDIS_STREAMS,
  type RedisStreamsContext,
  RetryLater,
} from 'nestjs-redis-streams';
import { Keys, shardOf } from 'nestjs-redis-streams/protocol';
import { concat, NEVER, type Observable, of } from 'rxjs';
import { enqueueScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/enqueue.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { read, unpadded } from './documents.js';
import { connect, entriesOf, fieldsOf, KIND, RawCaller, say } from './raw.js';

// The keys beside streams and reply logs, as docs/protocol.md describes them, seen with raw commands.

const signals = new Map<string, AbortSignal>();

@Controller()
class StateController {
  @MessagePattern('state.serve')
  serve(): number {
    return 1;
  }

  @MessagePattern('state.forever')
  forever(@Ctx() context: RedisStreamsContext): Observable<string> {
    signals.set(context.getMessageId(), context.signal);
    return concat(of('begun'), NEVER);
  }

  @MessagePattern('state.once', REDIS_STREAMS, { atMostOnce: true })
  once(@Ctx() context: RedisStreamsContext): Observable<never> {
    signals.set(context.getMessageId(), context.signal);
    return NEVER;
  }

  @EventPattern('state.later')
  later(@Payload() _data: unknown): void {
    throw new RetryLater(60_000);
  }

  @EventPattern('state.bad')
  bad(@Payload() reason: string): void {
    throw new DeadLetter(reason);
  }
}

const opened = async () => {
  const service = new TestService();
  const { prefix } = service;
  // Some handlers of these tests never end.
  const app = await service.serveModule({ controllers: [StateController] }, { drainTimeout: 100 });
  const redis = connect(prefix);
  const key = (name: string): string => `{${prefix}}:${name}`;
  const tell = (pattern: string, data: unknown): Promise<unknown> => {
    const line = `XADD ${key(`s:${pattern}`)} * c`;
    return say(redis, line, '1 json - - 0', 'd', JSON.stringify(data));
  };
  return { prefix, app, redis, key, tell };
};

const hash = async (redis: ReturnType<typeof connect>, key: string) =>
  fieldsOf((await say(redis, `HGETALL ${key}`)) as string[]);

describe('the consumers that live', () => {
  test('announcements, members and leases', async () => {
    const { redis, key } = await opened();
    const [seconds] = (await say(redis, 'TIME')) as [string, string];
    const live = await say(redis, `ZRANGE ${key('live:state.serve')} 0 -1 WITHSCORES`);
    const [dot, zero, member, until] = live as [string, string, string, string];
    expect([dot, zero]).toEqual(['.', '0']);
    expect(member).toMatch(/^service \S+ packs$/);
    expect(Number(until)).toBeGreaterThan(Number(seconds) * 1000);
    const consumer = member.split(' ')[1] as string;
    expect(await say(redis, `GET ${key(`lease:${consumer}`)}`)).toMatch(/^[\w-]{22}$/);
    expect(await say(redis, `ZRANGE ${key('members:service')} 0 -1`)).toEqual([consumer]);
  });

  test('an instance that leaves puts a tombstone in the place of its lease, and says so', async () => {
    const { prefix, app, redis, key } = await opened();
    const [consumer] = (await say(redis, `ZRANGE ${key('members:service')} 0 -1`)) as [string];
    const nudges: string[] = [];
    const listener = connect(prefix);
    listener.on('smessage', (_: string, text: string) => nudges.push(text));
    await listener.ssubscribe(key('nudge:service'));
    await app.close();
    const lease = key(`lease:${consumer}`);
    expect(await say(redis, `GET ${lease}`)).toBe('+');
    expect(await say(redis, `PTTL ${lease}`)).toBeGreaterThan(23 * 3_600_000);
    expect(await say(redis, `ZRANGE ${key('live:state.serve')} 0 -1`)).toEqual(['.']);
    expect(await say(redis, `EXISTS ${key('members:service')}`)).toBe(0);
    await eventually(() => expect(nudges).toContain('left'));
  });

  test('the registry of groups, and the incarnation', async () => {
    const { redis, key } = await opened();
    expect(await hash(redis, key('groups:state.serve'))).toEqual({
      service: expect.stringMatching(/^\d{13} r \d+-\d+$/),
    });
    expect(await hash(redis, key('groups:state.later'))).toEqual({
      service: expect.stringMatching(/^\d{13} e \d+-\d+$/),
    });
    expect(await hash(redis, key('incarnation'))).toEqual({
      id: expect.stringMatching(/^[\w-]{16}$/),
      run: expect.stringMatching(/^\w{40}$/),
      born: expect.stringMatching(/^\d{13}$/),
    });
  });
});

describe('what waits, stops or is given up', () => {
  test('a retry stays pending under its id, with its time in the due hash', async () => {
    const { redis, key, tell } = await opened();
    const id = await tell('state.later', 1);
    await eventually(async () => {
      const due = await hash(redis, key('due:state.later'));
      expect(Object.keys(due)).toEqual([`service ${String(id)}`]);
      expect(Object.values(due)[0]).toMatch(/^\d{13} 1  0$/);
    });
    const pending = await say(redis, `XPENDING ${key('s:state.later')} service - + 10`);
    expect(pending).toMatchObject([[id, expect.any(String), expect.any(Number), 1]]);
  });

  test('a cancellation stops a handler', async () => {
    const { prefix, redis, key } = await opened();
    const caller = await RawCaller.open(prefix);
    const { call, entry } = await caller.request('state.forever', '{}');
    await eventually(() => expect(signals.has(entry)).toBe(true));
    const pending = await say(redis, `XPENDING ${key('s:state.forever')} service - + 1`);
    const consumer = (pending as [string, string][])[0]?.[1] as string;
    const notice = JSON.stringify(['state.forever', entry]);
    await say(redis, `RPUSH ${key(`inbox:${consumer}`)}`, notice);
    await say(redis, `SPUBLISH ${key(`inbox:${consumer}`)}`, notice);
    await eventually(() => expect(signals.get(entry)?.aborted).toBe(true));
    // It streams, so it is torn down at once; what has sent nothing has 5 s to end by itself.
    const reply = (await caller.answer(call)).at(-1);
    expect(reply?.[1]).toBe(KIND.fault);
    expect(reply?.[5]).toMatchObject({ code: 'CANCELLED', outcome: 'may-have-run' });
  });

  test('what may be started once is acknowledged and noted before it runs', async () => {
    const { prefix, redis, key } = await opened();
    const caller = await RawCaller.open(prefix);
    const { entry } = await caller.request('state.once', '{}');
    await eventually(() => expect(signals.has(entry)).toBe(true));
    const [consumer] = (await say(redis, `ZRANGE ${key('members:service')} 0 -1`)) as [string];
    expect(await hash(redis, key('started:state.once'))).toEqual({
      [`service ${entry}`]: consumer,
    });
    expect(await say(redis, `XPENDING ${key('s:state.once')} service`)).toEqual([
      0,
      null,
      null,
      null,
    ]);
    expect(await say(redis, `XLEN ${key('s:state.once')}`)).toBe(1);
    const live = await say(redis, `ZRANGE ${key('live:state.once')} 1 1`);
    expect(live).toEqual([`service ${consumer} packs once`]);
  });

  test('the result of an idempotency key is kept, and is the answer to the same key and data', async () => {
    const { prefix, redis, key } = await opened();
    const caller = await RawCaller.open(prefix);
    const ask = async (data: string) => {
      const { call } = await caller.request('state.serve', data, { fields: ['k', 'k1'] });
      const [reply] = await caller.answer(call);
      return { kind: reply?.[1], payload: reply?.[5] };
    };
    const first = await ask('"a"');
    expect(first).toMatchObject({ kind: KIND.last, payload: 1 });
    const digest = createHash('sha256').update('"a"').digest('base64url');
    const record = key('idem:7:service:11:state.serve:k1');
    expect(await say(redis, `GET ${record}`)).toBe(`=${digest} [[1,1]]`);
    expect(await ask('"a"')).toMatchObject({ kind: KIND.last, payload: 1 });
    expect(await ask('"b"')).toMatchObject({
      kind: KIND.fault,
      payload: { code: 'IDEMPOTENCY_MISMATCH', outcome: 'not-run' },
    });
  });

  test('a dead letter holds the entry and what happened to it', async () => {
    const { redis, key, tell } = await opened();
    const id = await tell('state.bad', 'broken');
    await eventually(async () => {
      const letters = await entriesOf(redis, key('dead:service'));
      expect(letters.map(([, flat]) => fieldsOf(flat))).toEqual([
        {
          stream: 'state.bad',
          pattern: 'state.bad',
          id,
          reason: 'handler',
          error: 'broken',
          deliveries: '1',
          attempts: '1',
          consumer: expect.any(String),
          at: expect.stringMatching(/^\d{13}$/),
          c: '1 json - - 0',
          d: '"broken"',
        },
      ]);
    });
  });
});

describe('the numbered enqueue script', () => {
  /** A sender that knows the script's text and its arguments, and nothing else. */
  const sender = async () => {
    const { prefix, redis, key } = await opened();
    const { id } = await hash(redis, key('incarnation'));
    const [seconds] = (await say(redis, 'TIME')) as [string, string];
    const now = Number(seconds) * 1000;
    const send = async (
      epoch: number,
      number: number,
      change: {
        incarnation?: string;
        stamp?: number;
        cap?: number;
        mode?: number;
        pattern?: string;
      } = {},
    ): Promise<string> => {
      const {
        incarnation = id,
        stamp = now,
        cap = 1000,
        mode = 0,
        pattern = 'state.batch',
      } = change;
      const keys = ['caller:raw-caller-raw-caller', 'incarnation', 'r:raw-caller-raw-caller'];
      keys.push(`s:${pattern}`, `live:${pattern}`);
      const head = [epoch, number, 0, incarnation, stamp, 2000, 600_000, cap, '', 1];
      const items = ['1 json - - 0', '"a"', '1 json - - 0', '"b"'];
      const args = [...head, mode, 0, 2, ...items].map(String);
      return (await redis.call(
        ...(['EVAL', enqueueScript.lua, String(keys.length), ...keys.map(key), ...args] as const),
      )) as string;
    };
    const length = (): Promise<unknown> => say(redis, `XLEN ${key('s:state.batch')}`);
    return { send, length, prefix, incarnation: id };
  };

  test('adds a batch once, whatever is repeated', async () => {
    const { send, length } = await sender();
    const first = await send(1, 1);
    expect(first).toMatch(/^ok \d{13} 0 \d+-\d+:2$/);
    const repeated = await send(1, 1);
    expect(repeated.split(' ')[0]).toBe('done');
    expect(repeated.split(' ').slice(2)).toEqual(first.split(' ').slice(2));
    expect(await send(1, 2)).toMatch(/^ok /);
    expect(await length()).toBe(4);
  });

  test('refuses what is out of order, old, late or meant for another memory', async () => {
    const { send, length, incarnation } = await sender();
    expect(await send(2, 2)).toMatch(/^gap \d{13} -1 -1$/);
    expect(await send(2, 1, { incarnation: 'another' })).toMatch(
      new RegExp(`^inc \\d{13} ${String(incarnation)}$`),
    );
    expect(await send(2, 1, { stamp: 1 })).toMatch(/^stale \d{13}$/);
    expect(await length()).toBe(0);
    expect(await send(2, 1)).toMatch(/^ok /);
    expect(await send(2, 3)).toMatch(/^gap \d{13} 2 1$/);
    expect(await send(1, 1)).toMatch(/^old \d{13} 2 1$/);
    expect(await length()).toBe(2);
  });

  test('forgets the verdict of all but the last eight batches, but not that they were applied', async () => {
    const { send, length } = await sender();
    for (let number = 1; number <= 9; number++) await send(1, number);
    expect(await send(1, 1)).toMatch(/^done \d{13} \?$/);
    expect(await send(1, 2)).toMatch(/^done \d{13} 0 \d+-\d+:2$/);
    expect(await length()).toBe(18);
  });

  test('says what it did not store, and why', async () => {
    const { send } = await sender();
    expect(await send(1, 1, { mode: 1 })).toMatch(/ 0 -:0!NONE$/);
    expect(await send(1, 2, { mode: 2 })).toMatch(/ 0 -:0!NEVER$/);
    expect(await send(1, 3, { mode: 1, pattern: 'state.serve' })).toMatch(/ 0 \d+-\d+:2$/);
    expect(await send(1, 4, { cap: 1 })).toMatch(/ 0 \d+-\d+:1\^!FULL$/);
  });
});

test('the shard of a stream', () => {
  /** As documented: FNV-1a over UTF-16 units, modulo the number of shards. */
  const documented = (name: string, shards: number): number => {
    let hashed = 2_166_136_261n;
    for (let i = 0; i < name.length; i++) {
      hashed = ((hashed ^ BigInt(name.charCodeAt(i))) * 16_777_619n) & 0xffff_ffffn;
    }
    return Number(hashed % BigInt(shards));
  };
  for (const name of ['orders.price', '{"cmd":"sum"}', 'größe', '😀', '']) {
    for (const shards of [1, 2, 3, 16])
      expect(shardOf(name, shards)).toBe(documented(name, shards));
  }
  // The examples of the document.
  const rows = ['orders.price', 'größe'].map(
    (name) => `| \`${name}\` | 16 | ${documented(name, 16)} |`,
  );
  for (const row of rows) expect(unpadded(read('docs/protocol.md'))).toContain(row);
});

test('the tags of shards', () => {
  /** As documented: CRC-16/XMODEM, bit by bit. */
  const slot = (text: string): number => {
    let crc = 0;
    for (const byte of Buffer.from(text)) {
      crc ^= byte << 8;
      for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1_1021 : 0);
    }
    return crc % 16_384;
  };
  const documented = (prefix: string, shards: number): string => {
    const cell = 16_384 / shards;
    const first = Math.floor(slot(prefix) / cell);
    const numbers = [0];
    for (let shard = 1; shard < shards; shard++) {
      const begin = ((first + shard) % shards) * cell;
      let number = 1;
      const fits = (at: number) => at >= begin + (cell * 3) / 8 && at < begin + (cell * 5) / 8;
      while (!fits(slot(`${prefix}:${number}`))) number++;
      numbers.push(number);
    }
    return numbers.join(' ');
  };
  for (const prefix of ['nrs', 'größe', 'a:b']) {
    for (const shards of [2, 3, 24, 64]) {
      expect(new Keys(prefix, 0, shards).tags()).toBe(documented(prefix, shards));
    }
  }
  // The examples of the document.
  for (const [prefix, shards] of [
    ['nrs', 4],
    ['größe', 3],
  ] as const) {
    const row = `| \`${prefix}\` | ${shards} | \`${documented(prefix, shards)}\` |`;
    expect(unpadded(read('docs/protocol.md'))).toContain(row);
  }
});
