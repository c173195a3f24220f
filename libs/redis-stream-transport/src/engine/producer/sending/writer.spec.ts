import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { Batch, CallerBroker } from '../../../redis/caller-broker.js';
import { RECORD_LIFE } from '../../../redis/lua/caller-record.js';
import { CommandFailure } from '../../../redis/failure.js';
import { parseVerdict } from '../../../redis/verdict.js';
import { RedisClock } from '../../redis-clock.js';
import type { OutgoingEntry } from './outgoing-entry.js';
import { Writer } from './writer.js';

const incarnation = { id: 'memory', born: 1, now: 1 };

interface Sent {
  readonly batch: Batch;
  /** As the script would answer. */
  answer(line: string): Promise<void>;
  fail(kind: 'refused' | 'lost', reply?: string): Promise<void>;
}

/** Lets everything happen that waits for nothing but its turn. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

const closes = (): Promise<unknown> => Promise.resolve(parseVerdict('ok 1 -'));

function setup(close = closes) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const closed: number[] = [];
  const broker = {
    enqueue: (batch: Batch) =>
      new Promise((resolve, reject) => {
        sent.push({
          batch,
          answer: (line) => (resolve(parseVerdict(line)), turn()),
          fail: (kind, reply = '') => (reject(new CommandFailure(kind, reply, reply)), turn()),
        });
      }),
    closeNumber: (_: number, number: number) => {
      closed.push(number);
      return close();
    },
    loadScripts: () => Promise.resolve(),
  } as unknown as CallerBroker;
  let recycled = 0;
  const writer = new Writer(broker, clock, new RedisClock(clock), {
    trim: () => '',
    recycle: () => {
      recycled++;
      writer.down();
    },
    spread: undefined,
    stored: () => {},
    complain: () => {},
  });
  writer.up(incarnation);
  const push = async (name: string) => {
    const entry = plain(name);
    writer.push(entry);
    await turn();
    return entry;
  };
  /** Items of the copies that were sent so far, as `epoch.number:names`. */
  const log = () => sent.map(({ batch }) => `${batch.epoch}.${batch.number}:${namesIn(batch)}`);
  const pass = (ms: number) => (clock.pass(ms), turn());
  return { clock, sent, closed, writer, push, log, pass, recycled: () => recycled };
}

const namesIn = ({ sections }: Batch): string =>
  sections.flatMap(({ entries }) => entries.map(([name]) => name)).join();

function plain(name: string): OutgoingEntry & { ends: string[]; abandoned: boolean } {
  const ends: string[] = [];
  return {
    ...{ stream: 's', pattern: 's', mode: 0, hasExtraFields: false, once: false, size: 1 },
    ...{ abandoned: false, tainted: false, copies: 0, maySpread: false, pack: undefined, ends },
    isEvent: false,
    schedule: undefined,
    ofClass: undefined,
    isInClass: false,
    fields: () => [name, ''],
    sending: () => {},
    stored: (entry) => void ends.push(entry),
    refused: (reason) => void ends.push(reason),
    failed: ({ code }) => void ends.push(code),
    recalled: () => {},
    unknown: () => void ends.push('unknown'),
  };
}

describe('the writer', () => {
  it('L1: a record below an acknowledged number proves that memory was lost: a new epoch, tainted', async () => {
    const { sent, push, log, writer, recycled } = setup();
    await push('a');
    await sent[0]!.answer('ok 1 0 5-0:1');
    const entry = await push('b');
    await sent[1]!.answer('gap 1 -1 -1');
    expect(recycled()).toBe(1);
    writer.up(incarnation);
    await turn();
    expect(log()).toEqual(['1.1:a', '1.2:b', '2.1:b']);
    expect(entry.tainted).toBe(true);
  });

  it('L1: any other gap proves nothing: it repeats in order, under the same numbers', async () => {
    const { sent, push, log, pass, recycled } = setup();
    const first = await push('a');
    await push('b');
    await sent[0]!.fail('refused', 'NOSCRIPT');
    await sent[1]!.answer('gap 1 -1 -1');
    await pass(1000);
    expect(log().slice(2)).toEqual(['1.1:a', '1.2:b']);
    expect(recycled()).toBe(0);
    expect(first.tainted).toBe(false);
  });

  it('L1: after an idle time in which the record may have ended, a new epoch begins', async () => {
    const { sent, push, log, pass } = setup();
    await push('a');
    await sent[0]!.answer('ok 1 0 5-0:1');
    await pass(RECORD_LIFE / 2 + 1);
    await push('b');
    expect(log()).toEqual(['1.1:a', '2.1:b']);
  });

  it('L2: a verdict is about the copy that was applied, not about the last one', async () => {
    const { sent, push, pass } = setup();
    const [a, b] = [await push('a'), await push('b')];
    await sent[0]!.fail('lost');
    await sent[1]!.fail('refused', 'BUSY');
    a.abandoned = true;
    await pass(1000);
    expect(sent).toHaveLength(4);
    // The first copy of a was applied after all; the reduced repeat of its number says so.
    await sent[2]!.answer('done 1 0 7-0:1');
    await sent[3]!.answer('ok 1 1 8-0:1');
    expect([a.ends, b.ends]).toEqual([['7-0'], ['8-0']]);
  });

  it('L3: what was first sent too long ago is not sent again', async () => {
    const { clock, push, log, writer } = setup();
    const old = await push('a');
    writer.down();
    clock.pass(RECORD_LIFE / 2 + 1);
    const young = await push('b');
    writer.up(incarnation);
    writer.up(incarnation);
    await turn();
    expect(old.ends).toEqual(['unknown']);
    expect(old.tainted).toBe(true);
    expect(young.ends).toEqual([]);
    expect(log()).toEqual(['1.1:a', '2.1:b']);
  });

  it('L4: after an error nothing new leaves before the oldest is repeated', async () => {
    const { sent, push, log, pass } = setup();
    await push('a');
    await push('b');
    await sent[0]!.fail('refused', 'BUSY');
    await push('c');
    expect(log()).toEqual(['1.1:a', '1.2:b']);
    await sent[1]!.answer('gap 1 -1 -1');
    await pass(1000);
    expect(log().slice(2)).toEqual(['1.1:a', '1.2:b', '1.3:c']);
  });

  it('L4: a batch that has become empty is sent all the same', async () => {
    const { sent, push, log, pass } = setup();
    const entry = await push('a');
    await sent[0]!.fail('refused', 'BUSY');
    entry.abandoned = true;
    await pass(1000);
    expect(log()).toEqual(['1.1:a', '1.1:']);
  });

  it('L4: a number that cannot pass is closed, and its entries certainly are not stored', async () => {
    const { sent, push, closed, pass } = setup();
    const entry = await push('a');
    await sent[0]!.fail('refused', 'NOPERM');
    await pass(1000);
    expect(closed).toEqual([1]);
    expect(entry.ends[0]).toBe('REDIS');
    expect(entry.tainted).toBe(false);
  });

  it('L7: what left for another memory may be applied there, although its number is closed in this one', async () => {
    const { sent, push, closed, pass, writer } = setup();
    const entry = await push('a');
    writer.down();
    writer.up({ ...incarnation, id: 'another' });
    await turn();
    await sent[1]!.fail('refused', 'OOM');
    await pass(1000);
    expect(closed).toEqual([1]);
    expect(entry.ends[0]).toBe('REDIS');
    expect(entry.tainted).toBe(true);
  });

  it('L4: a close that breaks off after all was started over holds nothing up', async () => {
    let breakOff: (reason: Error) => void = () => undefined;
    const { sent, writer, push, log, pass, closed } = setup(
      () => new Promise((_, reject) => (breakOff = reject)),
    );
    await push('a');
    await sent[0]!.fail('refused', 'WRONGTYPE');
    await pass(1);
    expect(closed).toEqual([1]);
    // Too long ago to be repeated: a new epoch, on the connection after the next.
    await pass(RECORD_LIFE);
    writer.down();
    writer.up(incarnation);
    breakOff(new CommandFailure('lost', '', 'cut'));
    await turn();
    await pass(5000);
    writer.up(incarnation);
    await push('b');
    expect(log().at(-1)).toMatch(/^2\.\d+:b$/);
  });

  it('keeps at most eight batches without an answer', async () => {
    const { sent, push } = setup();
    for (let n = 0; n < 12; n++) await push(String(n));
    expect(sent).toHaveLength(8);
    await sent[0]!.answer('ok 1 0 5-0:1');
    expect(namesIn(sent[8]!.batch)).toBe('8,9,10,11');
  });
});
