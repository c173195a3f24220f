import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import {
  type ClientRedisStreams,
  type RedisStreamsContext,
  RedisStreamsRecord,
} from 'nestjs-redis-streams';
import { firstValueFrom, of, toArray, type Observable } from 'rxjs';
import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import {
  connect,
  entriesOf,
  fieldsOf,
  KIND,
  parseFrame,
  RawCaller,
  type RawEntry,
  say,
} from './raw.js';

// docs/protocol.md, spoken by hand: one side of every exchange here uses raw commands only.

const heard: { prefix: string; data: unknown; metadata: unknown; id: string }[] = [];
const heardElsewhere: string[] = [];

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

@Controller()
class OtherService {
  @EventPattern('raw.happened')
  happened(@Payload() { prefix }: { prefix: string }): void {
    heardElsewhere.push(prefix);
  }
}

describe('a caller with raw commands', () => {
  const opened = async (): Promise<RawCaller> => {
    const service = new TestService();
    await service.serveModule({ controllers: [RawController] });
    return RawCaller.open(service.prefix);
  };
  const letters = async ({ commands, prefix }: RawCaller) =>
    (await entriesOf(commands, `{${prefix}}:dead:service`)).map(([, flat]) => fieldsOf(flat));

  test('gets one value', async () => {
    const caller = await opened();
    const { call } = await caller.request('raw.sum', '[1,2,3]');
    const replies = await caller.answer(call);
    expect(replies).toEqual([[call, KIND.last, 1, expect.any(Number), 0, 6]]);
  });

  test('gets a stream of values, numbered from 0', async () => {
    const caller = await opened();
    const { call } = await caller.request('raw.stream', '{}');
    const replies = await caller.answer(call);
    expect(replies.map(([, kind, , , index, payload]) => [kind, index, payload])).toEqual([
      [KIND.next, 0, 'a'],
      [KIND.next, 1, 'b'],
      [KIND.last, 2, 'c'],
    ]);
  });

  test('gets what the handler threw, as Nest makes it', async () => {
    const caller = await opened();
    const { call } = await caller.request('raw.fail', '{}');
    const thrown = { status: 'error', reason: 'no such thing' };
    expect(await caller.answer(call)).toEqual([
      [call, KIND.error, 1, expect.any(Number), 0, thrown],
    ]);
  });

  test('sends headers and gets headers; fields that are not known are ignored', async () => {
    const caller = await opened();
    const fields = ['h', '{"trace":"1"}', 'unknown', 'ignored'];
    const { call } = await caller.request('raw.headers', '{}', { fields });
    const [reply] = await caller.answer(call);
    expect(reply?.[5]).toEqual({ trace: '1' });
    expect(reply?.[6]).toEqual({ seen: 'yes' });
  });

  test('gets a long frame in a message of its own, behind its id', async () => {
    const caller = await opened();
    const trace = 'long'.repeat(1024);
    const fields = ['h', JSON.stringify({ trace })];
    const { call } = await caller.request('raw.headers', '{}', { fields });
    const [reply] = await caller.answer(call);
    expect(reply?.[5]).toEqual({ trace });
    const [message] = caller.messages;
    expect(await entriesOf(caller.commands, caller.log)).toEqual([
      [message?.id, ['f', message?.text, 'b', '1']],
    ]);
  });

  test('finds the same frames in the reply log, which begins with a birth mark', async () => {
    const caller = await opened();
    for (const data of ['[1]', '[2]']) {
      const { call } = await caller.request('raw.sum', data);
      await caller.answer(call);
    }
    const [first, second] = caller.messages;
    expect(await entriesOf(caller.commands, caller.log)).toEqual([
      [first?.id, ['f', first?.text, 'b', '1']],
      [second?.id, ['f', second?.text]],
    ]);
    expect(await say(caller.commands, `PTTL ${caller.log}`)).toBeGreaterThan(50_000);
  });

  test('learns from the frame which instance answered', async () => {
    const caller = await opened();
    const { call } = await caller.request('raw.sum', '[1]');
    await caller.answer(call);
    const { version, instance } = parseFrame(caller.messages[0]?.text ?? '');
    expect(version).toBe('1');
    const stream = `{${caller.prefix}}:s:raw.sum`;
    const consumers = await say(caller.commands, `XINFO CONSUMERS ${stream} service`);
    const names = (consumers as string[][]).map((consumer) => fieldsOf(consumer)['name']);
    expect(names).toEqual([instance]);
  });

  test('finds the entry gone once it is answered', async () => {
    const caller = await opened();
    const { call } = await caller.request('raw.sum', '[1]');
    await caller.answer(call);
    expect(await say(caller.commands, `XLEN {${caller.prefix}}:s:raw.sum`)).toBe(0);
  });

  test('is told that its version is too new', async () => {
    const caller = await opened();
    const line = (call: string) => `2 json ${call} ${caller.id} 10000`;
    const { call } = await caller.request('raw.sum', '[1]', { line });
    const [reply] = await caller.answer(call);
    expect(reply?.[1]).toBe(KIND.fault);
    expect(reply?.[5]).toMatchObject({ code: 'UNSUPPORTED_VERSION', outcome: 'not-run' });
  });

  test('may send a flag that is not known', async () => {
    const caller = await opened();
    const line = (call: string) => `1 json ${call} ${caller.id} 10000 later=1`;
    const { call } = await caller.request('raw.sum', '[1]', { line });
    expect((await caller.answer(call))[0]?.[5]).toBe(1);
  });

  test.each([
    ['an unknown codec', 'cbor', undefined],
    ['a caller id that could name another key', 'json', 'x}:lease'],
  ])('%s: no caller can be told, so there is only a dead letter', async (_, codec, id) => {
    const caller = await opened();
    const line = (call: string) => `1 ${codec} ${call} ${id ?? caller.id} 10000`;
    const { entry } = await caller.request('raw.sum', '[1]', { line });
    await eventually(async () => {
      expect(await letters(caller)).toMatchObject([
        { id: entry, stream: 'raw.sum', pattern: 'raw.sum', reason: 'malformed', d: '[1]' },
      ]);
    });
  });

  test.each([
    ['data that is not JSON', '{', []],
    ['a __proto__ key', '{"__proto__":{}}', []],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), []],
    ['headers that are no object', '[1]', ['h', '[]']],
  ])('%s: the caller gets INVALID_MESSAGE, the service a dead letter', async (_, data, fields) => {
    const caller = await opened();
    const { call, entry } = await caller.request('raw.sum', data, { fields });
    const [reply] = await caller.answer(call);
    expect(reply?.[1]).toBe(KIND.fault);
    expect(reply?.[5]).toMatchObject({ code: 'INVALID_MESSAGE', outcome: 'not-run' });
    expect((await letters(caller)).map(({ id }) => id)).toEqual([entry]);
    // And the service goes on.
    const next = await caller.request('raw.sum', '[1,1]');
    expect((await caller.answer(next.call))[0]?.[5]).toBe(2);
  });
});

describe('an event with raw commands', () => {
  const event = (prefix: string, ...more: string[]): Promise<unknown> => {
    const data = JSON.stringify({ prefix });
    return say(
      connect(prefix),
      `XADD {${prefix}}:s:raw.happened * c`,
      '1 json - - 0',
      'd',
      data,
      ...more,
    );
  };

  test('reaches a handler once and is acknowledged', async () => {
    const service = new TestService();
    const { prefix } = service;
    await service.serveModule({ controllers: [RawController] });
    const id = await event(prefix, 'h', '{"from":"raw"}');
    await eventually(async () => {
      expect(heard.filter((each) => each.prefix === prefix)).toEqual([
        { prefix, data: { prefix }, metadata: { from: 'raw' }, id },
      ]);
      const pending = await say(connect(prefix), `XPENDING {${prefix}}:s:raw.happened service`);
      expect((pending as unknown[])[0]).toBe(0);
    });
  });

  test('reaches each service', async () => {
    const service = new TestService();
    const { prefix } = service;
    await service.serveModule({ controllers: [RawController] });
    await service.serveModule({ controllers: [OtherService] }, { group: 'other' });
    await event(prefix);
    await eventually(() => {
      expect(heard.filter((each) => each.prefix === prefix)).toHaveLength(1);
      expect(heardElsewhere).toContain(prefix);
    });
  });
});

describe('a reader with raw commands', () => {
  const fieldsIn = async (prefix: string, stream: string) =>
    (await entriesOf(connect(prefix), `{${prefix}}:s:${stream}`)).map(([, flat]) => fieldsOf(flat));
  /** A call that nobody serves, and that is given up when the test ends. */
  const call = (client: ClientRedisStreams, pattern: string, data: unknown): void => {
    const sent = client.send(pattern, data).subscribe({ error: () => undefined });
    onTestFinished(() => sent.unsubscribe());
  };

  test('M1 finds the documented fields of a request', async () => {
    const service = new TestService();
    const { prefix } = service;
    const client = service.client({ whenNoConsumer: 'wait', timeout: 20_000 });
    // Connected first: time spent connecting would be taken off the timeout that is written.
    await client.connect();
    call(client, 'raw.unserved', { a: 1 });
    await eventually(async () => {
      const c: unknown = expect.stringMatching(/^1 json \d{11} [\w-]{22} (20000|19\d{3})$/);
      expect(await fieldsIn(prefix, 'raw.unserved')).toEqual([{ c, d: '{"a":1}' }]);
    });
  });

  test('M1 finds headers, key, flags and the pattern of a lane', async () => {
    const service = new TestService();
    const { prefix } = service;
    const options = {
      headers: { trace: '1' },
      idempotencyKey: 'key-1',
      idleTimeout: 7000,
      atMostOnce: true,
    };
    const lanes = { slow: ['raw.in-lane'] };
    const client = service.client({ whenNoConsumer: 'wait', lanes });
    await client.connect();
    call(client, 'raw.in-lane', new RedisStreamsRecord([1], options));
    await eventually(async () => {
      const c: unknown = expect.stringMatching(
        /^1 json \d{11} [\w-]{22} (7000|6\d{3}) idle=7000 once$/,
      );
      expect(await fieldsIn(prefix, 'slow')).toEqual([
        { c, d: '[1]', h: '{"trace":"1"}', k: 'key-1', p: 'raw.in-lane' },
      ]);
    });
  });

  test('M1 finds the documented fields of an event', async () => {
    const service = new TestService();
    const { prefix } = service;
    await firstValueFrom(service.client().emit('raw.told', 'text'), { defaultValue: undefined });
    expect(await fieldsIn(prefix, 'raw.told')).toEqual([{ c: '1 json - - 0', d: '"text"' }]);
  });

  test.each([
    ['text', () => 'plain', 'plain'],
    ['obj', (packet: unknown) => packet, '{"pattern":"raw.packed","data":"x"}'],
    ['b64', () => Buffer.from([0, 255]), 'AP8='],
  ])('M1 finds what a serializer wrote: %s', async (codec, serialize, d) => {
    const service = new TestService();
    const { prefix } = service;
    const client = service.client({ serializer: { serialize } });
    await firstValueFrom(client.emit('raw.packed', 'x'), { defaultValue: undefined });
    expect(await fieldsIn(prefix, 'raw.packed')).toEqual([{ c: `1 ${codec} - - 0`, d }]);
  });
});

/** A server as one would write it in another language: read, answer, acknowledge, delete. */
async function rawServer(
  prefix: string,
  pattern: string,
  reply: (data: string) => (readonly [kind: number, payload?: unknown])[],
  messages = (id: string, frame: string): string[] => [`${id} ${frame}`],
): Promise<void> {
  const redis = connect(prefix);
  const stream = `{${prefix}}:s:${pattern}`;
  const instance = `raw-${randomBytes(9).toString('base64url')}`;
  await say(redis, `XGROUP CREATE ${stream} raw 0 MKSTREAM`);
  const read = `XREADGROUP GROUP raw ${instance} COUNT 1 BLOCK 8000 STREAMS ${stream} >`;
  const answer = (await say(redis, read)) as [[stream: string, entries: [RawEntry]]];
  const [[, [[id, flat]]]] = answer;
  const { c, d } = fieldsOf(flat) as { c: string; d: string };
  const [, , call, caller] = c.split(' ');
  const log = `{${prefix}}:r:${caller}`;
  const replies = reply(d).map(([kind, payload], index) => [call, kind, 1, 1, index, payload]);
  const frame = `1 ${instance} ${JSON.stringify(replies)}`;
  let record = await say(redis, `XADD ${log} NOMKSTREAM * f`, frame);
  record ??= await say(redis, `XADD ${log} * f`, frame, 'b', '1');
  await say(redis, `PEXPIRE ${log} 60000`);
  for (const message of messages(String(record), frame))
    await say(redis, `SPUBLISH ${log}`, message);
  await say(redis, `XACK ${stream} raw ${id}`);
  await say(redis, `XDEL ${stream} ${id}`);
}

describe('a server with raw commands', () => {
  test('answers a client with one value', async () => {
    const service = new TestService();
    const { prefix } = service;
    const served = rawServer(prefix, 'raw.upper', (data) => [
      [KIND.last, (JSON.parse(data) as string).toUpperCase()],
    ]);
    const client = service.client({ whenNoConsumer: 'wait' });
    expect(await firstValueFrom(client.send('raw.upper', 'ada'))).toBe('ADA');
    await served;
  });

  test('may publish the id and the frame in two messages', async () => {
    const service = new TestService();
    const { prefix } = service;
    const apart = (id: string, frame: string): string[] => [id, frame];
    const served = rawServer(prefix, 'raw.split', () => [[KIND.last, 'split']], apart);
    const client = service.client({ whenNoConsumer: 'wait' });
    expect(await firstValueFrom(client.send('raw.split', 1))).toBe('split');
    await served;
  });

  test('answers a client with many values', async () => {
    const service = new TestService();
    const { prefix } = service;
    const served = rawServer(prefix, 'raw.letters', (data) => [
      ...(JSON.parse(data) as string[]).map((letter) => [KIND.next, letter] as const),
      [KIND.done],
    ]);
    const client = service.client({ whenNoConsumer: 'wait' });
    const letters = client.send<string>('raw.letters', ['a', 'd', 'a']).pipe(toArray());
    expect(await firstValueFrom(letters)).toEqual(['a', 'd', 'a']);
    await served;
  });

  test('answers a client with a fault', async () => {
    const service = new TestService();
    const { prefix } = service;
    const payload = { code: 'OVERLOADED', message: 'too much', outcome: 'not-run' };
    const served = rawServer(prefix, 'raw.busy', () => [[KIND.fault, payload]]);
    const client = service.client({ whenNoConsumer: 'wait' });
    await expect(firstValueFrom(client.send('raw.busy', 1))).rejects.toMatchObject(payload);
    await served;
  });
});
