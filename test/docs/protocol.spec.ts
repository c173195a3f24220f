import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  ClientRedisStreams,
  type RedisStreamsClientOptions,
  type RedisStreamsContext,
  RedisStreamsRecord,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom, of, toArray, type Observable } from 'rxjs';
import { onTestFinished } from 'vitest';
import {
  connect,
  fieldsOf,
  KIND,
  parseFrame,
  RawCaller,
  type RawEntry,
  redisUrl,
  uniquePrefix,
} from './raw.js';

// docs/protocol.md, spoken by hand: one side of every exchange here uses raw commands only.

const heard: { prefix: string; data: unknown; metadata: unknown; id: string }[] = [];

@Controller()
class RawController {
  @MessagePattern('raw.sum')
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((total, each) => total + each, 0);
  }

  @MessagePattern('raw.stream')
  stream(): Observable<string> {
    return of('a', 'b', 'c');
  }

  @MessagePattern('raw.fail')
  fail(): never {
    throw new RpcException({ status: 'error', reason: 'no such thing' });
  }

  @MessagePattern('raw.headers')
  headers(@Ctx() context: RedisStreamsContext): unknown {
    context.setReplyHeaders({ seen: 'yes' });
    return context.getMetadata();
  }

  @EventPattern<string>('raw.happened')
  happened(@Payload() data: { prefix: string }, @Ctx() context: RedisStreamsContext): void {
    const { prefix } = data;
    heard.push({ prefix, data, metadata: context.getMetadata(), id: context.getMessageId() });
  }
}

async function serve(prefix: string, group = 'service'): Promise<void> {
  const testing = await Test.createTestingModule({ controllers: [RawController] }).compile();
  const strategy = new ServerRedisStreams({ url: redisUrl, prefix, group });
  const app = testing.createNestMicroservice({ strategy, logger: false });
  onTestFinished(() => app.close());
  await app.listen();
}

function clientOf(prefix: string, options: RedisStreamsClientOptions = {}): ClientRedisStreams {
  const client = new ClientRedisStreams({ url: redisUrl, prefix, ...options });
  onTestFinished(() => client.close());
  return client;
}

const eventually = (assertion: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(assertion, { timeout: 8_000, interval: 5 });

describe('a caller with raw commands', () => {
  test('gets one value', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    const { call } = await caller.request('raw.sum', '[1,2,3]');
    const replies = await caller.answer(call);
    expect(replies).toEqual([[call, KIND.last, 1, expect.any(Number), 0, 6]]);
  });

  test('finds the same frame in the reply log, which begins with a birth mark', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    for (const data of ['[1]', '[2]']) {
      const { call } = await caller.request('raw.sum', data);
      await caller.answer(call);
    }
    const records = (await caller.commands.call('XRANGE', caller.log, '-', '+')) as RawEntry[];
    const [first, second] = caller.messages as [{ id: string; text: string }, typeof caller.messages[0]];
    expect(records).toEqual([
      [first.id, ['f', first.text, 'b', '1']],
      [second?.id, ['f', second?.text]],
    ]);
    expect(await caller.commands.call('PTTL', caller.log)).toBeGreaterThan(50_000);
  });

  test('gets a stream of values, numbered from 0', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    const { call } = await caller.request('raw.stream', '{}');
    const replies = await caller.answer(call);
    expect(replies.map(([, kind, , , index, payload]) => [kind, index, payload])).toEqual([
      [KIND.next, 0, 'a'],
      [KIND.next, 1, 'b'],
      [KIND.last, 2, 'c'],
    ]);
  });

  test('gets what the handler threw, as Nest makes it', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    const { call } = await caller.request('raw.fail', '{}');
    const [reply] = await caller.answer(call);
    expect(reply).toEqual([
      call,
      KIND.error,
      1,
      expect.any(Number),
      0,
      { status: 'error', reason: 'no such thing' },
    ]);
  });

  test('sends headers and gets headers', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    const { call } = await caller.request('raw.headers', '{}', {
      fields: ['h', '{"trace":"1"}', 'unknown', 'ignored'],
    });
    const [reply] = await caller.answer(call);
    expect(reply?.[5]).toEqual({ trace: '1' });
    expect(reply?.[6]).toEqual({ seen: 'yes' });
  });

  test('learns from the frame which instance answered', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    const { call } = await caller.request('raw.sum', '[1]');
    await caller.answer(call);
    const frame = parseFrame(caller.messages[0]?.text ?? '');
    expect(frame.version).toBe('1');
    const consumers = await caller.commands.call('XINFO', 'CONSUMERS', `{${prefix}}:s:raw.sum`, 'service');
    expect((consumers as string[][]).map((consumer) => fieldsOf(consumer)['name'])).toEqual([
      frame.instance,
    ]);
  });

  test('the entry is gone once it is answered', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    const { call } = await caller.request('raw.sum', '[1]');
    await caller.answer(call);
    expect(await caller.commands.call('XLEN', `{${prefix}}:s:raw.sum`)).toBe(0);
  });

  test.each([
    ['a newer version', (call: string, id: string) => `2 json ${call} ${id} 10000`, 'UNSUPPORTED_VERSION'],
    ['an unknown codec', undefined, undefined],
    ['a flag that is not known', (call: string, id: string) => `1 json ${call} ${id} 10000 later`, undefined],
  ])('%s', async (_, line, code) => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    if (line === undefined) {
      // The header cannot be read, so nobody can be told: a dead letter.
      const { entry } = await caller.request('raw.sum', '[1]', {
        line: (call) => `1 cbor ${call} ${caller.id} 10000`,
      });
      await eventually(async () => {
        const letters = await caller.commands.call('XRANGE', `{${prefix}}:dead:service`, '-', '+');
        expect((letters as RawEntry[]).map(([, flat]) => fieldsOf(flat))).toMatchObject([
          { id: entry, stream: 'raw.sum', pattern: 'raw.sum', reason: 'malformed', d: '[1]' },
        ]);
      });
      return;
    }
    const { call } = await caller.request('raw.sum', '[1]', { line: (id) => line(id, caller.id) });
    const [reply] = await caller.answer(call);
    if (code === undefined) expect(reply?.[5]).toBe(1);
    else {
      expect(reply?.[1]).toBe(KIND.fault);
      expect(reply?.[5]).toMatchObject({ code, outcome: 'not-run' });
    }
  });

  test.each([
    ['data that is not JSON', '{', []],
    ['a __proto__ key', '{"__proto__":{}}', []],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), []],
    ['headers that are no object', '[1]', ['h', '[]']],
  ])('%s: the caller gets INVALID_MESSAGE, the service a dead letter', async (_, data, fields) => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const caller = await RawCaller.open(prefix);
    const { call, entry } = await caller.request('raw.sum', data, { fields });
    const [reply] = await caller.answer(call);
    expect(reply?.[1]).toBe(KIND.fault);
    expect(reply?.[5]).toMatchObject({ code: 'INVALID_MESSAGE', outcome: 'not-run' });
    const letters = await caller.commands.call('XRANGE', `{${prefix}}:dead:service`, '-', '+');
    expect((letters as RawEntry[]).map(([, flat]) => fieldsOf(flat)['id'])).toEqual([entry]);
    // And the service goes on.
    const next = await caller.request('raw.sum', '[1,1]');
    expect((await caller.answer(next.call))[0]?.[5]).toBe(2);
  });

  test('sees who serves a pattern', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const redis = connect();
    const [seconds] = (await redis.call('TIME')) as [string, string];
    const live = (await redis.call('ZRANGE', `{${prefix}}:live:raw.sum`, '0', '-1', 'WITHSCORES')) as string[];
    expect(live).toEqual(['.', '0', expect.stringMatching(/^service \S+ -$/), expect.any(String)]);
    expect(Number(live[3])).toBeGreaterThan(Number(seconds) * 1000);
    const consumer = live[2]?.split(' ')[1];
    expect(await redis.call('GET', `{${prefix}}:lease:${consumer}`)).toMatch(/^[\w-]{22}$/);
    expect(await redis.call('ZRANGE', `{${prefix}}:members:service`, '0', '-1')).toEqual([consumer]);
  });
});

describe('an event with raw commands', () => {
  test('reaches a handler once, and is removed by the janitor, not by the handler', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const redis = connect();
    const id = await redis.call(
      ...(['XADD', `{${prefix}}:s:raw.happened`, '*', 'c', '1 json - - 0'] as const),
      ...['d', JSON.stringify({ prefix, name: 'Ada' }), 'h', '{"from":"raw"}'],
    );
    await eventually(() => {
      expect(heard.filter((event) => event.prefix === prefix)).toEqual([
        { prefix, data: { prefix, name: 'Ada' }, metadata: { from: 'raw' }, id },
      ]);
    });
    await eventually(async () => {
      const pending = await redis.call('XPENDING', `{${prefix}}:s:raw.happened`, 'service');
      expect((pending as unknown[])[0]).toBe(0);
    });
  });

  test('reaches each service once', async () => {
    const prefix = uniquePrefix();
    await serve(prefix);
    const testing = await Test.createTestingModule({ controllers: [OtherService] }).compile();
    const strategy = new ServerRedisStreams({ url: redisUrl, prefix, group: 'other' });
    const other = testing.createNestMicroservice({ strategy, logger: false });
    onTestFinished(() => other.close());
    await other.listen();
    await connect().call(
      ...(['XADD', `{${prefix}}:s:raw.happened`, '*', 'c', '1 json - - 0'] as const),
      ...['d', JSON.stringify({ prefix })],
    );
    await eventually(() => {
      expect(heard.filter((event) => event.prefix === prefix)).toHaveLength(1);
      expect(OtherService.heard).toContain(prefix);
    });
  });
});

@Controller()
class OtherService {
  static readonly heard: string[] = [];

  @EventPattern('raw.happened')
  happened(@Payload() { prefix }: { prefix: string }): void {
    OtherService.heard.push(prefix);
  }
}

describe('a reader with raw commands', () => {
  const entriesOf = async (prefix: string, stream: string): Promise<RawEntry[]> =>
    (await connect().call('XRANGE', `{${prefix}}:s:${stream}`, '-', '+')) as RawEntry[];

  test('M1 finds the documented fields of a request', async () => {
    const prefix = uniquePrefix();
    const client = clientOf(prefix, { whenNoConsumer: 'wait', timeout: 20_000 });
    const sent = client.send('raw.unserved', { a: 1 }).subscribe({ error: () => undefined });
    onTestFinished(() => sent.unsubscribe());
    await eventually(async () => {
      const entries = await entriesOf(prefix, 'raw.unserved');
      expect(entries.map(([, flat]) => fieldsOf(flat))).toEqual([
        { c: expect.stringMatching(/^1 json 1 [\w-]{22} 20000$/), d: '{"a":1}' },
      ]);
    });
  });

  test('M1 finds headers, key, flags and the pattern of a lane', async () => {
    const prefix = uniquePrefix();
    const client = clientOf(prefix, { whenNoConsumer: 'wait', lanes: { slow: ['raw.in-lane'] } });
    const record = new RedisStreamsRecord([1], {
      headers: { trace: '1' },
      idempotencyKey: 'key-1',
      idleTimeout: 7000,
      atMostOnce: true,
    });
    const sent = client.send('raw.in-lane', record).subscribe({ error: () => undefined });
    onTestFinished(() => sent.unsubscribe());
    await eventually(async () => {
      const entries = await entriesOf(prefix, 'slow');
      expect(entries.map(([, flat]) => fieldsOf(flat))).toEqual([
        {
          c: expect.stringMatching(/^1 json 1 [\w-]{22} 7000 idle=7000 once$/),
          d: '[1]',
          h: '{"trace":"1"}',
          k: 'key-1',
          p: 'raw.in-lane',
        },
      ]);
    });
  });

  test('M1 finds the documented fields of an event', async () => {
    const prefix = uniquePrefix();
    await firstValueFrom(clientOf(prefix).emit('raw.told', 'text'), { defaultValue: undefined });
    const entries = await entriesOf(prefix, 'raw.told');
    expect(entries.map(([, flat]) => fieldsOf(flat))).toEqual([{ c: '1 json - - 0', d: '"text"' }]);
  });

  test('M1 finds what a serializer wrote, and its codec', async () => {
    const prefix = uniquePrefix();
    const told = async (pattern: string, serialize: (packet: unknown) => unknown): Promise<void> => {
      const client = clientOf(prefix, { serializer: { serialize } });
      await firstValueFrom(client.emit(pattern, 'x'), { defaultValue: undefined });
    };
    await told('raw.text', () => 'plain');
    await told('raw.obj', (packet) => packet);
    await told('raw.b64', () => Buffer.from([0, 255]));
    const fields = async (stream: string): Promise<unknown> =>
      fieldsOf((await entriesOf(prefix, stream))[0]?.[1] ?? []);
    expect(await fields('raw.text')).toEqual({ c: '1 text - - 0', d: 'plain' });
    expect(await fields('raw.obj')).toEqual({ c: '1 obj - - 0', d: '{"pattern":"raw.obj","data":"x"}' });
    expect(await fields('raw.b64')).toEqual({ c: '1 b64 - - 0', d: 'AP8=' });
  });
});

/** A server as one would write it in another language: read, answer, acknowledge, delete. */
async function rawServer(
  prefix: string,
  pattern: string,
  reply: (data: string) => (readonly [kind: number, payload?: unknown])[],
): Promise<void> {
  const redis = connect();
  const stream = `{${prefix}}:s:${pattern}`;
  const instance = `raw-${randomBytes(9).toString('base64url')}`;
  await redis.call('XGROUP', 'CREATE', stream, 'raw', '0', 'MKSTREAM');
  const answer = (await redis.call(
    ...(['XREADGROUP', 'GROUP', 'raw', instance, 'COUNT', '1', 'BLOCK', '8000'] as const),
    ...['STREAMS', stream, '>'],
  )) as [string, RawEntry[]][];
  const [id, flat] = answer[0]?.[1][0] as RawEntry;
  const { c, d } = fieldsOf(flat) as { c: string; d: string };
  const [, , call, caller] = c.split(' ');
  const log = `{${prefix}}:r:${caller}`;
  const replies = reply(d).map(([kind, payload], index) => [call, kind, 1, 1, index, payload]);
  const frame = `1 ${instance} ${JSON.stringify(replies)}`;
  // In one transaction, so that no crash can leave a reply without its acknowledgement.
  const existed = (await redis.call('EXISTS', log)) === 1;
  const record = await redis.call('XADD', log, '*', 'f', frame, ...(existed ? [] : ['b', '1']));
  await redis.call('PEXPIRE', log, '60000');
  await redis.call('PUBLISH', log, `${String(record)} ${frame}`);
  await redis.call('XACK', stream, 'raw', id);
  await redis.call('XDEL', stream, id);
}

describe('a server with raw commands', () => {
  test('answers a client with one value', async () => {
    const prefix = uniquePrefix();
    const served = rawServer(prefix, 'raw.upper', (data) => [
      [KIND.last, (JSON.parse(data) as string).toUpperCase()],
    ]);
    const client = clientOf(prefix, { whenNoConsumer: 'wait' });
    expect(await firstValueFrom(client.send('raw.upper', 'ada'))).toBe('ADA');
    await served;
  });

  test('answers a client with many values', async () => {
    const prefix = uniquePrefix();
    const served = rawServer(prefix, 'raw.letters', (data) => [
      ...[...(JSON.parse(data) as string)].map((letter) => [KIND.next, letter] as const),
      [KIND.done],
    ]);
    const client = clientOf(prefix, { whenNoConsumer: 'wait' });
    expect(await firstValueFrom(client.send('raw.letters', 'ada').pipe(toArray()))).toEqual(['a', 'd', 'a']);
    await served;
  });

  test('answers a client with a fault', async () => {
    const prefix = uniquePrefix();
    const payload = { code: 'OVERLOADED', message: 'too much', outcome: 'not-run' };
    const served = rawServer(prefix, 'raw.busy', () => [[KIND.fault, payload]]);
    const client = clientOf(prefix, { whenNoConsumer: 'wait' });
    await expect(firstValueFrom(client.send('raw.busy', 1))).rejects.toMatchObject(payload);
    await served;
  });
});
