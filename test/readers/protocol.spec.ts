import fc from 'fast-check';
import { readResult } from '../../libs/redis-stream-transport/src/engine/consumer/settle/stored-result.js';
import {
  cancelledEntries,
  applyCancellation,
} from '../../libs/redis-stream-transport/src/engine/consumer/membership/cancellations.js';
import type { Dispatcher } from '../../libs/redis-stream-transport/src/engine/consumer/run/dispatcher.js';
import {
  compareIds,
  decodeEntry,
  idAfter,
  isMalformed,
  timeOf,
} from '../../libs/redis-stream-transport/src/protocol/entry.js';
import { readRecord } from '../../libs/redis-stream-transport/src/protocol/result-record.js';
import { parseCredit } from '../../libs/redis-stream-transport/src/protocol/credit.js';
import { decodeFrame } from '../../libs/redis-stream-transport/src/protocol/frame.js';
import { parseHeader, senderOf } from '../../libs/redis-stream-transport/src/protocol/header.js';
import { readJson } from '../../libs/redis-stream-transport/src/protocol/json.js';
import { isEntryId } from '../../libs/redis-stream-transport/src/protocol/limits.js';
import { isPack, MAX_PACK, unpack } from '../../libs/redis-stream-transport/src/protocol/pack.js';
import { visible } from '../../libs/redis-stream-transport/src/protocol/visible.js';
import { readLetter } from '../../libs/redis-stream-transport/src/dead-letters/letter.js';
import {
  headText,
  readSealed,
} from '../../libs/redis-stream-transport/src/protocol/sealed-text.js';
import { replayFields } from '../../libs/redis-stream-transport/src/dead-letters/replay-fields.js';
import { readInBytes } from '../../libs/redis-stream-transport/src/redis/reading/answer-bytes.js';
import { parseNote } from '../../libs/redis-stream-transport/src/redis/entries.js';
import { parseVerdict } from '../../libs/redis-stream-transport/src/redis/verdict.js';
import { RedisStreamsError } from 'nestjs-redis-streams';
import { holdsFor, spoilt, text, TIME } from './arbitrary.js';

// Every reader of a text that Redis may hold: it gives a value or says what is wrong, and never throws.

const CALLER = 'a'.repeat(22);
const words = fc.constantFrom(
  '1',
  '2',
  'json',
  'b64:x',
  '7',
  CALLER,
  '-',
  '1000',
  'once',
  'idle=5',
  'window=64,1000',
);
const spaced = fc.array(fc.oneof(words, text), { maxLength: 8 }).map((parts) => parts.join(' '));
const reply = ['10000000000', 1, 1, 7, 0, { total: 1 }, { trace: 'x' }, 1];
const frames = fc.oneof(
  text,
  spaced,
  text.map((body) => `1 x ${body}`),
  spoilt([reply, reply]).map((replies) => `1 x ${JSON.stringify(replies)}`),
);

const credits = fc.oneof(
  text,
  spoilt({ credit: CALLER, runs: [[7, 64, 3]] }).map((notice) => JSON.stringify(notice)),
);

it('a notice of credit', { timeout: TIME }, () => {
  holdsFor(credits, (given) => {
    const notice = parseCredit(given);
    if (notice === undefined) return;
    expect(notice.caller).toMatch(/^[\w-]{16,32}$/);
    const numbers = notice.runs.flatMap(({ nonce, asked, taken }) => [nonce, asked, taken]);
    expect(numbers.every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true);
  });
});

it('a frame', { timeout: TIME }, () => {
  holdsFor(frames, (given) => {
    const frame = decodeFrame(given);
    if (typeof frame === 'string') return;
    expect(frame.unreadable).toBeGreaterThanOrEqual(0);
    for (const [call, kind, deliveries, nonce, index, , headers] of frame.replies) {
      expect([typeof call, typeof kind, typeof nonce]).toEqual(['string', 'number', 'number']);
      expect(deliveries >= 0 && Number.isSafeInteger(index) && index >= 0).toBe(true);
      for (const value of Object.values(headers ?? {})) expect(typeof value).toBe('string');
    }
  });
});

it('a header line, and an entry', { timeout: TIME }, () => {
  const names = fc.constantFrom('c', 'd', 'h', 'k', 'p', 'g', 'r');
  const fields = fc.array(fc.tuple(fc.oneof(names, text), fc.oneof(spaced, text)), {
    maxLength: 6,
  });
  holdsFor(fc.tuple(spaced, fields), ([line, pairs]) => {
    const header = parseHeader(line);
    if (typeof header === 'string') senderOf(line);
    else expect(header.timeout >= 0 && header.idle >= 0).toBe(true);
    const entry = decodeEntry({ id: '5-0', fields: ['c', line, ...pairs.flat()] }, 1000);
    if (isMalformed(entry)) return;
    expect(entry.key === undefined || (entry.key.length > 0 && entry.key.length <= 256)).toBe(true);
  });
});

it('a sealed text', { timeout: TIME }, () => {
  const part = fc.oneof(text, fc.constantFrom('1', 'gcm', 'hmac', 'k', '-', '0', 'json', 'letter'));
  const parts = fc.array(part, { maxLength: 12 }).map((all) => all.join('.'));
  holdsFor(fc.oneof(parts, text), (given) => {
    const read = readSealed(given);
    if (read === undefined) return;
    expect(read.head + read.body).toBe(given);
    expect(headText(read)).toBe(read.head);
    expect(Number.isSafeInteger(read.time) && Number.isSafeInteger(read.within)).toBe(true);
  });
});

it('a pack', { timeout: TIME }, () => {
  const names = fc.constantFrom('d', 'h', 'm', 'p');
  const parts = fc.array(fc.oneof(text, fc.constantFrom('1', 'null', '{"a":"b"}')), {
    maxLength: 4,
  });
  const lists = parts.map((texts) => `[${texts.join(',\n')}]`);
  const ids = fc.array(fc.constantFrom('1', '2', 'x', ''), { maxLength: 4 });
  const values = fc.oneof(
    text,
    lists,
    ids.map((all) => all.join(',')),
  );
  const line = fc.oneof(
    spaced.map((rest) => `1 pack.${rest}`),
    fc.nat(5).map((count) => `1 pack.json ${count} ${CALLER} 1000`),
  );
  const fields = fc.array(fc.tuple(names, values), { maxLength: 6 });
  holdsFor(fc.tuple(line, fields), ([given, pairs]) => {
    const packed = unpack({ id: '5-0', fields: ['c', given, ...pairs.flat()] }, 100);
    if (!isPack(packed)) return;
    expect(packed.members.length > 0 && packed.members.length <= MAX_PACK).toBe(true);
    for (const each of packed.members) {
      expect(each.header?.call).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      if (!isMalformed(each)) expect(each.data.length).toBeLessThanOrEqual(100);
    }
  });
});

it('JSON, and a text that is shown', { timeout: TIME }, () => {
  holdsFor(text, (given) => {
    readJson(given);
    expect(visible(given)).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  });
});

it('a result under an idempotency key', { timeout: TIME }, () => {
  const right = [[0, 1], [0], [1, { done: true }]];
  holdsFor(
    fc.oneof(
      text,
      spoilt(right).map((list) => JSON.stringify(list)),
    ),
    (given) => {
      for (const { kind, payload } of readResult(given) ?? []) {
        expect(Number.isSafeInteger(kind)).toBe(true);
        if (payload !== undefined) JSON.parse(payload);
      }
    },
  );
});

it('the record of an idempotency key', { timeout: TIME }, () => {
  const right = fc.constantFrom('.a 1-1 work', '.a 1-1#2 work', '=a [[1]]', '=a@17 [[1]]');
  const longer = fc.tuple(right, text).map((parts) => parts.join(''));
  holdsFor(fc.oneof(text, right, longer), (given) => {
    const record = readRecord(given);
    const name = record?.kind === 'running' ? record.name : '';
    const storedAt = record?.kind === 'ended' ? (record.storedAt ?? 0) : 0;
    expect(name).not.toContain(' ');
    expect(storedAt).toBeGreaterThanOrEqual(0);
  });
});

it('a cancellation', { timeout: TIME }, () => {
  const notices = fc.oneof(
    text,
    spoilt(['work', '1-1']).map((list) => JSON.stringify(list)),
  );
  holdsFor(notices, (given) => {
    applyCancellation(given, [], {} as Dispatcher);
    for (const entry of cancelledEntries([given], 'work')) expect(typeof entry).toBe('string');
  });
});

it('the note of an entry', { timeout: TIME }, () => {
  holdsFor(fc.oneof(text, spaced), (given) => {
    const { due, spared } = parseNote(given);
    expect(Number.isSafeInteger(spared)).toBe(true);
    if (due === undefined) return;
    expect(Number.isSafeInteger(due.at) && Number.isSafeInteger(due.attempts)).toBe(true);
  });
});

it('the answer to a read, in bytes', { timeout: TIME }, () => {
  const bulk = (value: string) => `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  const heads = fc.constantFrom(
    '*1\r\n',
    '%1\r\n',
    '*2\r\n',
    '*0\r\n',
    '*-1\r\n',
    '_\r\n',
    '$-1\r\n',
  );
  const strange = fc.oneof(
    heads,
    fc.constantFrom('*', '*9', '$3\r\n', '*1e9\r\n', '\r\n', ':1\r\n'),
    text,
  );
  const parts = fc.array(fc.oneof(heads, text.map(bulk), strange), { maxLength: 12 });
  const fields = fc.array(text, { maxLength: 4 });
  const whole = fc.array(fields, { maxLength: 4 }).map((entries) => {
    const list = entries.map(
      (of) => `*2\r\n${bulk('1-1')}*${of.length}\r\n${of.map(bulk).join('')}`,
    );
    return [`%1\r\n`, bulk('s'), `*${list.length}\r\n`, ...list];
  });
  holdsFor(fc.tuple(fc.oneof(parts, whole), text), ([given, after]) => {
    const bytes = Buffer.from(given.join(''));
    const found = readInBytes(Buffer.concat([bytes, Buffer.from(after)]));
    for (const { stream, entries } of found?.read ?? [])
      for (const one of entries)
        for (const each of [stream, one.id, ...one.fields]) expect(each).toBeTypeOf('string');
    // What is cut off is not read.
    if (found?.end === bytes.length) expect(readInBytes(bytes.subarray(0, -1))).toBeUndefined();
  });
});

it('the verdict of a batch', { timeout: TIME }, () => {
  const tokens = fc.constantFrom('ok', 'done', 'gap', 'old', 'inc', '5', '0', '1-1:3', '-:0!FULL');
  const lines = fc.array(fc.oneof(tokens, text), { maxLength: 6 }).map((parts) => parts.join(' '));
  holdsFor(fc.oneof(text, lines), (given) => {
    const verdict = parseVerdict(given);
    expect(Number.isFinite(verdict.now)).toBe(true);
    if (verdict.kind !== 'applied') return;
    for (const { first, count } of verdict.sections)
      expect(count === 0 || isEntryId(first)).toBe(true);
  });
});

it('an id', { timeout: TIME }, () => {
  const part = fc.oneof(fc.bigInt(0n, 2n ** 65n).map(String), fc.nat().map(String), text);
  const ids = fc.tuple(part, part).map((parts) => parts.join('-'));
  holdsFor(fc.tuple(ids, ids), ([one, other]) => {
    timeOf(one);
    idAfter(one, 3);
    if (!isEntryId(one) || !isEntryId(other)) {
      compareIds(one, other);
      return;
    }
    const [a, b] = [one, other].map((id) => id.split('-').map(BigInt) as [bigint, bigint]);
    const order = a![0] === b![0] ? a![1] - b![1] : a![0] - b![0];
    // Digits as Redis writes them.
    if (/(^|-)0\d/.test(`${one}-${other}`)) return;
    expect(Math.sign(compareIds(one, other))).toBe(order < 0n ? -1 : order > 0n ? 1 : 0);
  });
});

it('a dead letter', { timeout: TIME }, () => {
  const names = ['stream', 'pattern', 'id', 'reason', 'error', 'deliveries', 'attempts', 'at'];
  const name = fc.constantFrom(...names, 'c', 'd', 'h', 'k', 'r', 'broadcast');
  const fields = fc.array(fc.tuple(fc.oneof(name, text), fc.oneof(spaced, text)), { maxLength: 9 });
  holdsFor(fields, (pairs) => {
    const letter = readLetter({ id: '1-1', fields: pairs.flat() }, '');
    expect(Number.isFinite(letter.entry.at)).toBe(true);
    for (const value of Object.values(letter.entry.headers)) expect(typeof value).toBe('string');
    try {
      replayFields(letter, 'service', {}, 1000);
    } catch (error) {
      expect(error).toBeInstanceOf(RedisStreamsError);
    }
  });
});
