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
import { readNested } from '../../libs/redis-stream-transport/src/redis/operations/serving/nested.js';
import {
  entryAfter,
  refuseUnread,
} from '../../libs/redis-stream-transport/src/redis/operations/serving/refuse-unread.js';
import { StartBroker } from '../../libs/redis-stream-transport/src/redis/start-broker.js';
import { DirectoryStore } from '../../libs/redis-stream-transport/src/contracts/directory/directory-store.js';
import { LetterStore } from '../../libs/redis-stream-transport/src/dead-letters/letter-store.js';
import { answer, holdsFor, holdsLaterFor, LONG, spoilt, text, TEXTS, TIME } from './arbitrary.js';

// Whatever a command answers, an operation gives a value or fails as a command does.

const keys = new Keys('p', 0, 1);
const owner = { consumer: 'me', token: 'token' };
const call = { stream: 's', pattern: 's', entry: '1-1' };

let said: unknown;
const fake = { command: async () => said } as unknown as Link;
const brokers = {
  caller: new CallerBroker(fake, keys, 'caller', 10),
  group: new GroupBroker(fake, keys, 'service'),
  leases: new LeaseBroker(fake, keys, 'service'),
  starts: new StartBroker(fake, keys, () => 'service'),
  directory: new DirectoryStore(fake, keys),
  letters: new LetterStore(fake, keys, 'service', 10),
};
type Brokers = typeof brokers;
type Operations<B> = {
  readonly [M in keyof B as B[M] extends (...args: never[]) => Promise<unknown> ? M : never]: (
    broker: B,
  ) => Promise<unknown>;
};

const batch = {
  ...{ epoch: 1, number: 1, version: 0, incarnation: '', stamp: 0, trim: '' },
  sections: [],
};
const replied = { caller: 'c', frame: 'f', ttlMs: 1 };
const limits = { groupTtl: 1, count: 1, age: 1, page: 1, trim: 1 };
const dead = { ...{ stream: 's', id: '1-1', drop: true, key: undefined }, kept: 1, fields: [] };
const next = { delay: 1, attempts: 1, state: '', spared: 0 };
const nested = { group: 'service', consumer: 'me', wanted: 1, others: 1, force: false };
const looked = [{ stream: 's', most: 1, mark: '' }];
const wildcard = { text: 's*', answers: true };
const terms = { ttl: 1000, groupTtl: 1000, came: undefined };
const standing = { group: 'group', groupTtl: 1000, text: 's*' };
const wanted = {
  ...{ name: 's', texts: ['s*'], listens: true, groupTtl: 1000, ttl: 1000, again: undefined },
  announcement: { pattern: 's', once: false },
};
const card = { digest: 'digest', text: 'text' };

/** Every operation of every broker: the compiler misses one that is not here. */
const OPERATIONS: { readonly [B in keyof Brokers]: Operations<Brokers[B]> } = {
  caller: {
    hello: (caller) => caller.hello(),
    enqueue: (caller) => caller.enqueue(batch),
    loadScripts: (caller) => caller.loadScripts(),
    closeNumber: (caller) => caller.closeNumber(1, 1, ''),
    noteSent: (caller) => caller.noteSent('{}'),
    decide: (caller) => caller.decide([call]),
    attach: (caller) => caller.attach(),
    reAsk: (caller) => caller.reAsk([call]),
    withdraw: (caller) =>
      caller.withdraw([{ stream: 's', id: 'id', due: 1, words: '', sent: undefined }]),
    abort: (caller) => caller.abort('me', ['notice']),
    credit: (caller) => caller.credit('me', 'notice'),
    readLog: (caller) => caller.readLog('0-0', 10),
    trimLog: (caller) => caller.trimLog('1-1'),
    lastRecord: (caller) => caller.lastRecord(),
    answeredWildcards: (caller) => caller.answeredWildcards(10),
    answerers: (caller) => caller.answerers([{ pattern: 's', by: [standing] }]),
  },
  group: {
    hello: (group) => group.hello(),
    ensureGroup: (group) => group.ensureGroup('s', 'r', false),
    read: (group) =>
      group.read(fake, { consumer: 'me', streams: ['s'], count: 1, block: 0, packs: true }),
    settle: (group) => group.settle(owner, { logs: [], results: [], streams: [] }),
    settleChecked: (group) =>
      group.settleChecked(owner, {
        stream: 's',
        id: '1-1',
        incarnation: '',
        drop: true,
        answer: replied,
      }),
    readWaiting: (group) => group.readWaiting(fake, { consumer: 'me', streams: ['s'], age: 100 }),
    look: (group) => group.look(owner, 's', ['1-1']),
    retry: (group) => group.retry(owner, { stream: 's', id: '1-1' }, next),
    deadLetter: (group) => group.deadLetter(owner, { ...dead, answer: replied }),
    noHandler: (group) =>
      group.noHandler(owner, { ...call, id: '1-1', deadline: 1, mayHand: true }, replied),
    snapshot: (group) => group.snapshot('me', [{ stream: 's', from: '-' }], 10),
    fetch: (group) => group.fetch(owner, 's', ['1-1']),
    scan: (group) => group.scan(['s']),
    claim: (group) => group.claim(owner, 'dead', 's', { count: 1, permitted: 3, suspects: true }),
    dropGroup: (group) => group.dropGroup('s', 'me'),
    unlist: (group) => group.unlist(['s'], 'me'),
    clean: (group) => group.clean('s', 'r', limits),
  },
  leases: {
    renew: (leases) => leases.renew(owner, { ttl: 1000, take: true }),
    announce: (leases) => leases.announce(owner, [{ pattern: 's', once: false }], 1000, true),
    release: (leases) => leases.release(owner, [{ pattern: 's', once: false }]),
    look: (leases) => leases.look(['a', 'b']),
    revoke: (leases) => leases.revoke(owner, 'dead'),
    notedConnections: (leases) => leases.notedConnections(1000, false),
    openConnections: (leases) => leases.openConnections(1, [2, 3]),
    notices: (leases) => leases.notices('me'),
    evictionPolicy: (leases) => leases.evictionPolicy(),
    readPauses: (leases) => leases.readPauses(),
    noteFacts: (leases) => leases.noteFacts(owner, 'text'),
    noteStatistics: (leases) => leases.noteStatistics(owner, 'text'),
    nudge: (leases) => leases.nudge('left'),
    nudgeConsumer: (leases) => leases.nudgeConsumer('me'),
    unblock: (leases) => leases.unblock(1),
    announceWildcards: (leases) => leases.announceWildcards(owner, [wildcard], terms),
    withdrawWildcards: (leases) => leases.withdrawWildcards(owner, [wildcard], 1000),
    knownStreams: (leases) => leases.knownStreams({ time: 0, after: '' }, 10),
    unknownStreams: (leases) => leases.unknownStreams('s*', ['s']),
    rememberStreams: (leases) => leases.rememberStreams(['s']),
    noteLooked: (leases) => leases.noteLooked(1, ['s*']),
    claimStream: (leases) => leases.claimStream(owner, wanted),
    retireStream: (leases) => leases.retireStream(owner, 's', 1000),
  },
  starts: {
    start: (starts) => starts.start(owner, 's', ['1-1']),
    mark: (starts) =>
      starts.mark(owner, 's', [{ note: '1-1', wanted: ['.', 't'], attempts: [], once: true }]),
    interrupted: (starts) => starts.interrupted(owner, 'dead', 's'),
    endInterrupted: (starts) =>
      starts.endInterrupted(owner, 'dead', { stream: 's', id: '1-1', answer: replied }),
    orphans: (starts) => starts.orphans('s', '', 10),
    promote: (starts) => starts.promote(['s'], { most: 1, size: 1 }),
    sweep: (starts) => starts.sweep('s'),
    adopt: (starts) => starts.adopt(owner, 's', ['1-1']),
    admit: (starts) =>
      starts.admit('s', [
        { name: '1-1', message: 'one', rememberMs: 1000 },
        { name: '2-1', message: 'two', rememberMs: 1000 },
      ]),
    claimKeys: (starts) =>
      starts.claimKeys('s', [
        { pattern: 's', key: 'key', name: '1-1', digest: 'digest' },
        { pattern: 's', key: 'other', name: '2-1', digest: 'digest' },
      ]),
  },
  directory: {
    describe: (directory) =>
      directory.describe(owner, { name: 'files', ttl: 1, card: 'card', document: card }),
    look: (directory) => directory.look('files', false),
    services: (directory) => directory.services(),
    document: (directory) => directory.document('digest'),
  },
  letters: {
    checkLayout: (letters) => letters.checkLayout(),
    count: (letters) => letters.count(),
    range: (letters) => letters.range('-', '+', 10),
    remove: (letters) => letters.remove(['1-1']),
    last: (letters) => letters.last(),
    became: (letters) => letters.became('1-1'),
    replay: (letters) => letters.replay('1-1', { stream: 's', pattern: 's' }, []),
  },
};

const operations: (readonly [string, () => Promise<unknown>])[] = [
  ['readNested', () => readNested(fake, keys, { ...nested, streams: looked })],
  ['entryAfter', () => entryAfter(fake, keys, 's', '1-1')],
  [
    'refuseUnread',
    () => refuseUnread(fake, keys, owner, { group: 'g', stream: 's', id: '1-1', answer: replied }),
  ],
  ...Object.entries(OPERATIONS).flatMap(([name, all]) =>
    Object.entries(all as Readonly<Record<string, (broker: unknown) => Promise<unknown>>>).map(
      ([method, operation]) =>
        [`${name}.${method}`, () => operation(brokers[name as keyof Brokers])] as const,
    ),
  ),
];
/** In the suite they share the texts; in a long look each gets as many. */
const EACH = LONG ? TEXTS : Math.ceil(TEXTS / operations.length);

it.each(operations)('an answer to the operation %s', { timeout: TIME }, async (_, operation) => {
  await holdsLaterFor(
    answer,
    async (given) => {
      said = given;
      await operation().catch((error: unknown) => {
        expect(error).toBeInstanceOf(CommandFailure);
      });
    },
    EACH,
  );
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
  const calls = { get: (id: string) => (id === one.id ? one : undefined) };
  const hooks = { finished: end, faulted: end, broken: end, renewed: () => {}, gap: () => {} };
  const replies = new ReplyMux(calls, hooks, {
    answered: () => {},
    late: () => {},
    untrusted: () => {},
  });
  let records: unknown = [];
  const link = { command: async () => records } as unknown as Link;
  const broker = new CallerBroker(link, keys, 'caller', 10);
  const reader = new ReplyReader(broker, new FakeClock(), {
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
