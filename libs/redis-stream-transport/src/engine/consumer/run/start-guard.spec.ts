import { shardContext } from '../../../../../../test/support/shard-context.js';
import { CommandFailure } from '../../../redis/failure.js';
import type {
  KeyClaim,
  KeyedEntry,
  Marked,
  Marks,
  StartBroker,
} from '../../../redis/start-broker.js';
import type { Delivery, HomeStream } from './delivery.js';
import { Pack } from './pack.js';
import { StartGuard } from './start-guard.js';

const work = { name: 'work', startRefused: () => undefined } as unknown as HomeStream;

interface Changes {
  key?: string;
  once?: boolean;
  id?: string;
  pack?: Pack<Delivery>;
  place?: number;
  suspect?: boolean;
}

/** The parts of a delivery that a start guard uses. */
function fake(changes: Changes = {}) {
  const { place = 0, suspect = false } = changes;
  const delivery = {
    ...{ id: changes.id ?? '1-0', consumer: 'me', stream: work, pack: changes.pack, place },
    name: `${changes.id ?? '1-0'}${changes.pack === undefined ? '' : `#${place}`}`,
    history: { suspect, attempts: 0 },
    ...{
      entry: { key: changes.key, data: '1', header: {} },
      pattern: { spec: { pattern: 'work' } },
    },
    ...{ once: changes.once ?? false, ended: false, abortedBy: undefined as string | undefined },
    isRequest: true,
    recorded: undefined as string[] | undefined,
    faults: [] as string[],
    fault: (code: string) => delivery.faults.push(code),
    unstarted: (reason: string) => delivery.faults.push(`not begun: ${reason}`),
    acknowledge: () => undefined,
    value: () => delivery.faults.push('replayed'),
  };
  return delivery;
}

/** A guard and a Redis that answers when the test says so. */
function guard() {
  const told: string[] = [];
  let answer: (given: unknown) => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  const ask = () =>
    new Promise<never>((resolve, reject) => {
      answer = resolve as (given: unknown) => void;
      refuse = reject;
    });
  const claimed = vi.fn((_stream: string, _entries: readonly KeyedEntry[]) => ask());
  const started = vi.fn((_owner: unknown, _stream: string, _ids: readonly string[]) => ask());
  const marked = vi.fn((_owner: unknown, _stream: string, _packs: readonly Marks[]) => ask());
  const broker = { claimKeys: claimed, start: started, mark: marked } as unknown as StartBroker;
  const context = shardContext();
  const of = ({ id, place, pack }: Delivery): string =>
    id === '1-0' ? '' : ` ${id}${pack === undefined ? '' : `#${place}`}`;
  const made = new StartGuard(context, broker, {
    run: (delivery) => told.push(`run${of(delivery)}`),
    lost: (delivery) => told.push(`lost${of(delivery)}`),
    wait: (delivery) => told.push(`wait${of(delivery)}`),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ told, context, claimed, started, marked },
    start: async (...deliveries: ReturnType<typeof fake>[]) => {
      for (const delivery of deliveries) {
        delivery.consumer = context.identity.consumer;
        made.start(delivery as unknown as Delivery);
      }
      await turn();
    },
    answer: async (given: Given) => {
      answer(given);
      await turn();
    },
    refuse: async (error: Error) => {
      refuse(error);
      await turn();
    },
    /** The connection is back. */
    resume: async () => {
      made.resume();
      await turn();
    },
  };
}

type Given =
  readonly KeyClaim[] | readonly boolean[] | readonly (readonly (Marked | undefined)[])[];
type Granted = [Changes, Given];
const keyed: Granted = [{ key: 'k' }, [{ kind: 'run' }]];
const once: Granted = [{ once: true }, [true]];
const packOf = (size: number, id = '1-0') => new Pack<Delivery>(id, size, undefined);
const packed: Granted = [{ once: true, pack: packOf(1) }, [['run']]];

describe('L9: a start that Redis has granted', () => {
  it.each([
    ['with a key', ...keyed],
    ['once only', ...once],
    ['once only, in a pack', ...packed],
  ])('is no start while the lease is in doubt: %s', async (_, changes, granted) => {
    const { start, answer, context, told } = guard();
    await start(fake(changes));
    // The process stood still until after its lease, with the answer in its socket.
    context.clock.jump(context.options.leaseTtl);
    await answer(granted);
    expect(told).toEqual(['wait']);
  });

  it.each([
    ['with a key', ...keyed],
    ['once only', ...once],
    ['once only, in a pack', ...packed],
  ])('is none when the deadline has passed meanwhile: %s', async (_, changes, granted) => {
    const { start, answer, told } = guard();
    const delivery = fake(changes);
    await start(delivery);
    delivery.abortedBy = 'deadline';
    await answer(granted);
    expect([told, delivery.faults]).toEqual([[], ['not begun: deadline']]);
  });

  it.each([
    ['with a key', ...keyed],
    ['once only', ...once],
    ['once only, in a pack', ...packed],
  ])('runs otherwise: %s', async (_, changes, granted) => {
    const { start, answer, told } = guard();
    await start(fake(changes));
    await answer(granted);
    expect(told).toEqual(['run']);
  });
});

test('an entry that waits for a run with its key does not begin after its caller gave up', async () => {
  const { start, answer, told } = guard();
  const delivery = fake({ key: 'k' });
  await start(delivery);
  delivery.abortedBy = 'cancelled';
  await answer([{ kind: 'wait' }]);
  expect([told, delivery.faults]).toEqual([[], ['not begun: cancelled']]);
});

describe('an answer about what has ended meanwhile', () => {
  it.each<[string, Changes, Given]>([
    ['run', { key: 'k' }, [{ kind: 'run' }]],
    ['wait', { key: 'k' }, [{ kind: 'wait' }]],
    ['another payload', { key: 'k' }, [{ kind: 'mismatch' }]],
    ['a result', { key: 'k' }, [{ kind: 'stored', result: '[]' }]],
    ['a start', { once: true }, [true]],
    ['no start', { once: true }, [false]],
    ['a mark', { once: true, pack: packOf(1) }, [['run']]],
    ['a mark of others', { once: true, pack: packOf(1) }, [['marked']]],
  ])('has no effect: %s', async (_, changes, given) => {
    const { start, answer, told } = guard();
    const delivery = fake(changes);
    await start(delivery);
    delivery.ended = true;
    await answer(given);
    expect([told, delivery.faults, delivery.recorded]).toEqual([[], [], undefined]);
  });

  it('has no effect under a name that was given up', async () => {
    const { start, answer, told, context } = guard();
    await start(fake({ key: 'k' }));
    context.identity.replace();
    await answer([{ kind: 'run' }]);
    expect(told).toEqual([]);
  });
});

describe('starts of one turn', () => {
  const range = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i + 2}-0`);
  const run: KeyClaim = { kind: 'run' };

  it('with keys travel as one script, and each has its own answer', async () => {
    const { start, answer, told, claimed } = guard();
    const ten = range(10).map((id) => fake({ id, key: `key of ${id}` }));
    await start(...ten);
    expect(claimed).toHaveBeenCalledOnce();
    const [stream, entries] = claimed.mock.calls[0]!;
    expect(stream).toBe('work');
    expect(entries.map(({ name, key }) => `${name}: ${key}`)).toEqual(
      ten.map(({ id }) => `${id}: key of ${id}`),
    );
    const claims = ten.map((): KeyClaim => run);
    claims.splice(1, 3, { kind: 'wait' }, { kind: 'mismatch' }, { kind: 'stored', result: '[]' });
    await answer(claims);
    expect(told).toEqual([
      'run 2-0',
      'wait 3-0',
      ...range(10)
        .slice(4)
        .map((id) => `run ${id}`),
    ]);
    expect([ten[2]!.faults, ten[3]!.faults]).toEqual([['IDEMPOTENCY_MISMATCH'], ['replayed']]);
  });

  it('with keys that may be started once only take one script of each kind', async () => {
    const { start, answer, told, claimed, started } = guard();
    await start(...range(3).map((id) => fake({ id, key: id, once: true })));
    await answer([run, { kind: 'wait' }, run]);
    expect(started.mock.calls.map(([, , ids]) => ids)).toEqual([['2-0', '4-0']]);
    await answer([true, false]);
    expect(told).toEqual(['wait 3-0', 'run 2-0', 'lost 4-0']);
    expect(claimed).toHaveBeenCalledOnce();
  });

  it('are asked about in parts, so that Redis is not kept for long', async () => {
    const { start, claimed, started } = guard();
    await start(...range(600).map((id) => fake({ id, key: id })));
    expect(claimed.mock.calls.map(([, entries]) => entries.length)).toEqual([256, 256, 88]);
    await start(...range(300).map((id) => fake({ id, once: true })));
    expect(started.mock.calls.map(([, , ids]) => ids.length)).toEqual([256, 44]);
  });

  it('that are refused stand back, all of them', async () => {
    const { start, refuse, told } = guard();
    const ended = Object.assign(fake({ id: '5-0', key: 'k' }), { ended: true });
    await start(...range(2).map((id) => fake({ id, key: id })), ended);
    await refuse(new CommandFailure('refused', 'NOPERM', 'no permission'));
    expect(told).toEqual(['wait 2-0', 'wait 3-0']);
  });

  it('whose answer was lost are asked about again, without what has ended meanwhile', async () => {
    const { start, refuse, resume, answer, told, claimed } = guard();
    const three = range(3).map((id) => fake({ id, key: id }));
    await start(...three);
    await refuse(new CommandFailure('lost', '', 'closed'));
    three[1]!.ended = true;
    expect(told).toEqual([]);
    await resume();
    expect(claimed.mock.calls.map(([, entries]) => entries.map(({ name }) => name))).toEqual([
      ['2-0', '3-0', '4-0'],
      ['2-0', '4-0'],
    ]);
    await answer([{ kind: 'wait' }, run]);
    expect(told).toEqual(['wait 2-0', 'run 4-0']);
  });
});

describe('P13: calls of packs that may be started once only', () => {
  /** Calls of one pack, all of them. */
  const callsOf = (id: string, size: number): ReturnType<typeof fake>[] => {
    const pack = packOf(size, id);
    return Array.from({ length: size }, (_, place) => fake({ id, pack, place, once: true }));
  };

  it('are marked in one step for all that start in a turn, and each has its own answer', async () => {
    const { start, answer, told, marked, started } = guard();
    const calls = [...callsOf('2-0', 3), ...callsOf('3-0', 2)];
    const other = fake({ id: '4-0', pack: packOf(2, '4-0'), place: 1 });
    await start(...calls.slice(1), other);
    expect(told).toEqual(['run 4-0#1']);
    expect(marked.mock.calls.map(([, , packs]) => packs)).toEqual([
      [
        { note: '2-0', wanted: ['.', 't', 't'], attempts: [], once: true },
        { note: '3-0', wanted: ['t', 't'], attempts: [], once: true },
      ],
    ]);
    await answer([
      [undefined, 'run', 'lost'],
      ['marked', 'run'],
    ]);
    expect(told.slice(1)).toEqual(['run 2-0#1', 'lost 2-0#2', 'run 3-0#1']);
    expect(calls[3]!.faults).toEqual(['INTERRUPTED']);
    expect(started).not.toHaveBeenCalled();
  });

  it('are asked about again when the answer was lost, as what was asked for before', async () => {
    const { start, refuse, resume, answer, told, marked } = guard();
    const [one, two] = callsOf('2-0', 2);
    await start(one!);
    await refuse(new CommandFailure('lost', '', 'closed'));
    await resume();
    await answer([['run', undefined]]);
    await start(two!);
    expect(marked.mock.calls.map(([, , packs]) => packs[0]?.wanted.join(''))).toEqual([
      't.',
      'T.',
      '.t',
    ]);
    expect(told).toEqual(['run 2-0#0']);
  });

  it('are marked after their keys were claimed, each under its own name', async () => {
    const { start, answer, told, claimed, marked } = guard();
    const pack = packOf(2, '2-0');
    await start(...[0, 1].map((place) => fake({ id: '2-0', pack, place, once: true, key: 'k' })));
    expect(claimed.mock.calls[0]![1].map(({ name }) => name)).toEqual(['2-0#0', '2-0#1']);
    expect(marked).not.toHaveBeenCalled();
    await answer([{ kind: 'run' }, { kind: 'wait' }]);
    expect(marked.mock.calls.map(([, , packs]) => packs[0]?.wanted.join(''))).toEqual(['t.']);
    await answer([['run', undefined]]);
    expect(told).toEqual(['wait 2-0#1', 'run 2-0#0']);
  });

  it('wait where they cannot be marked', async () => {
    const { start, refuse, told } = guard();
    await start(...callsOf('2-0', 2));
    await refuse(new CommandFailure('refused', 'WRONGTYPE', 'a text'));
    expect(told).toEqual(['wait 2-0#0', 'wait 2-0#1']);
  });

  it('are marked before as suspects are, who start whatever an earlier owner has marked', async () => {
    const { start, marked } = guard();
    const pack = packOf(2, '2-0');
    const call = fake({ id: '2-0', pack, place: 1, suspect: true });
    pack.hold(call as unknown as Delivery);
    await start(call);
    expect(marked.mock.calls.map(([, , packs]) => packs[0]?.wanted.join(''))).toEqual(['.T']);
  });
});
