import fc from 'fast-check';
import { FakeClock } from '../support/fake-clock.js';
import { ReplyMux } from '../../libs/redis-stream-transport/src/engine/producer/replies/reply-mux.js';
import { ReplyReader } from '../../libs/redis-stream-transport/src/engine/producer/replies/reply-reader.js';
import type { Call } from '../../libs/redis-stream-transport/src/engine/producer/call.js';
import { ReplySink } from '../../libs/redis-stream-transport/src/nest/reply-sink.js';
import { Keys } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { CallerBroker } from '../../libs/redis-stream-transport/src/redis/caller-broker.js';
import { CommandFailure } from '../../libs/redis-stream-transport/src/redis/failure.js';
import { GroupBroker } from '../../libs/redis-stream-transport/src/redis/group-broker.js';
import { LeaseBroker } from '../../libs/redis-stream-transport/src/redis/lease-broker.js';
import type { Link } from '../../libs/redis-stream-transport/src/redis/link.js';
import { StartBroker } from '../../libs/redis-stream-transport/src/redis/start-broker.js';
import { DirectoryStore } from '../../libs/redis-stream-transport/src/contracts/directory/directory-store.js';
import { LetterStore } from '../../libs/redis-stream-transport/src/dead-letters/letter-store.js';
import { answer, holdsFor, holdsLaterFor, spoilt, text, TIME } from './arbitrary.js';

// Whatever a command answers, an operation gives a value or fails as a command does.

const keys = new Keys('p', 0, 1);
const owner = { consumer: 'me', token: 'token' };
const settled = { caller: 'c', frame: 'f', ttlMs: 1 };
const call = { stream: 's', pattern: 's', entry: '1-1' };

function operations(answered: unknown): readonly (() => Promise<unknown>)[] {
  const link = { command: async () => answered } as unknown as Link;
  const caller = new CallerBroker(link, keys, 'caller', 10);
  const group = new GroupBroker(link, keys, 'service');
  const leases = new LeaseBroker(link, keys, 'service');
  const starts = new StartBroker(link, keys, () => 'service');
  const directory = new DirectoryStore(link, keys);
  const letters = new LetterStore(link, keys, 'service', 10);
  const batch = {
    ...{ epoch: 1, number: 1, version: 0, incarnation: '', stamp: 0, trim: '' },
    sections: [],
  };
  return [
    () => caller.hello(),
    () => caller.enqueue(batch),
    () => caller.closeNumber(1, 1, ''),
    () => caller.decide([call]),
    () => caller.attach(),
    () => caller.reAsk([call]),
    () => caller.readLog('0-0', 10),
    () => caller.lastRecord(),
    () => group.hello(),
    () => group.ensureGroup('s', 'r', false),
    () => group.read(link, 'me', ['s'], 1, 0),
    () => group.settle(owner, { logs: [], streams: [] }),
    () => group.noHandler(owner, { ...call, id: '1-1', deadline: 1, mayHand: true }, settled),
    () => group.snapshot('me', [{ stream: 's', from: '-' }], 10),
    () => group.fetch(owner, 's', ['1-1']),
    () => group.scan(['s']),
    () => group.claim(owner, 'dead', 's', 1, 3, true),
    () => group.clean('s', 'r', { groupTtl: 1, count: 1, age: 1, page: 1, trim: 1 }),
    () => leases.renew(owner, 1000, true),
    () => leases.announce(owner, [{ pattern: 's', once: false }], 1000, true),
    () => leases.look(['a', 'b']),
    () => leases.revoke(owner, 'dead'),
    () => leases.notices('me'),
    () => leases.evictionPolicy(),
    () => starts.start(owner, 's', ['1-1']),
    () => starts.interrupted(owner, 'dead', 's'),
    () => starts.orphans('s', '', 10),
    () => starts.claimKey('s', 's', 'key', '1-1', 'digest'),
    () => directory.look('files', false),
    () => directory.services(),
    () => directory.document('digest'),
    () => letters.count(),
    () => letters.range('-', '+', 10),
    () => letters.last(),
    () => letters.became('1-1'),
    () => letters.replay('1-1', 's', []),
  ];
}

it('an answer to an operation', { timeout: TIME }, async () => {
  await holdsLaterFor(fc.tuple(answer, fc.nat()), async ([answered, which]) => {
    const known = operations(answered);
    const i = which % known.length;
    await known[i]!().catch((error: unknown) => {
      expect(error, `operation ${i}`).toBeInstanceOf(CommandFailure);
    });
  });
});

/** A client's way of a reply from the text to the application, with one open call. */
function listening() {
  const told: { isDisposed?: boolean }[] = [];
  const one = {
    ...{ id: '10000000000', state: 'stored', pattern: 'p', next: 0, early: undefined },
    ...{ run: undefined, tainted: false },
    sink: new ReplySink('p', (packet) => told.push(packet), undefined),
  } as unknown as Call;
  const end = (): void => {
    one.state = 'settled';
  };
  const replies = new ReplyMux({
    find: (id) => (id === one.id ? one : undefined),
    ...{ finished: end, faulted: end, broken: end, renewed: () => {}, gap: () => {} },
  });
  let records: unknown = [];
  const link = { command: async () => records } as unknown as Link;
  const broker = new CallerBroker(link, keys, 'caller', 10);
  const reader = new ReplyReader(broker, new FakeClock(), true, {
    frame: (frame) => replies.frame(frame),
    ...{ lost: () => {}, ignored: () => {}, complain: () => {} },
  });
  reader.resumed();
  const log = async (answered: unknown): Promise<void> => {
    records = answered;
    await reader.catchUp().catch((error: unknown) => {
      expect(error).toBeInstanceOf(CommandFailure);
    });
  };
  return { reader, log, told };
}

const reply = ['10000000000', 5, 1, 7, 0, ['obj', { response: 1 }], { trace: 'x' }];
const frames = fc.oneof(
  text,
  text.map((body) => `1 x ${body}`),
  fc
    .tuple(fc.nat(8), spoilt([reply, reply]))
    .map(([kind, replies]) => `1 x ${JSON.stringify(replies).replaceAll('0",5', `0",${kind}`)}`),
);

it('every message to a caller', { timeout: TIME }, () => {
  const ids = fc.oneof(fc.constantFrom('5-0 ', '0-0 ', '', '18446744073709551615-1 '), text);
  holdsFor(fc.tuple(ids, frames), ([id, frame]) => {
    const { reader, told } = listening();
    for (const message of [id + frame, id.trim(), frame]) reader.message(message);
    expect(told.length).toBeLessThan(20);
  });
});

it('every record of a reply log', { timeout: TIME }, async () => {
  await holdsLaterFor(
    fc.oneof(
      answer,
      fc.tuple(frames, text).map(([frame, other]) => [
        ['5-0', ['f', frame]],
        ['6-0', [other, frame, 'b', '1']],
      ]),
    ),
    async (answered) => {
      const { log, told } = listening();
      await log(answered);
      expect(told.length).toBeLessThan(20);
    },
  );
});
