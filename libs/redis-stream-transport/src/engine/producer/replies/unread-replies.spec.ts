import type { RedisStreamsError } from '../../../errors.js';
import type { Call } from '../call.js';
import type { CallSink } from '../call-request.js';
import { UnreadReplies, type UnreadHooks } from './unread-replies.js';

const MOST = 100_000;
const origin = {} as never;

/** A call whose deserializer answers when the test says so, and what became of it. */
function reading(packed: CallSink['packed']) {
  const sink = { packed } as unknown as CallSink;
  const call = { pattern: 'many', state: 'stored', unread: undefined, sink } as unknown as Call;
  const broken: RedisStreamsError[] = [];
  const hooks: UnreadHooks = {
    finished: () => {},
    faulted: () => {},
    renewed: () => {},
    // As the producer does it: nothing more is handed on.
    broken: (_, error) => {
      broken.push(error);
      call.state = 'settled';
      call.unread = undefined;
    },
  };
  const replies = new UnreadReplies(hooks, { untrusted: () => {} });
  return { call, broken, replies };
}

const never: CallSink['packed'] = () => new Promise(() => {});

it('a hundred thousand replies of one call may wait for its deserializer, and not one more', () => {
  const { call, broken, replies } = reading(never);
  for (let i = 0; i < MOST; i++) replies.read(call, i, false, origin);
  expect(broken).toEqual([]);
  replies.read(call, MOST, false, origin);
  expect(broken).toHaveLength(1);
  expect(broken[0]).toMatchObject({
    code: 'REPLY_LOST',
    outcome: 'may-have-run',
    pattern: 'many',
    message: 'the deserializer does not keep up with the values of many',
  });
});

it('those that need no reading count too while they wait for one that is read', () => {
  const { call, broken, replies } = reading(never);
  replies.read(call, 0, false, origin);
  for (let i = 1; i < MOST; i++) replies.after(call, false, () => {});
  expect(broken).toEqual([]);
  replies.after(call, false, () => {});
  expect(broken).toMatchObject([{ code: 'REPLY_LOST' }]);
});

it('what was read makes room for more', async () => {
  const told: number[] = [];
  const { call, broken, replies } = reading((payload) =>
    Promise.resolve(() => void told.push(payload as number)),
  );
  const page = MOST / 2;
  for (let turn = 0; turn < 3; turn++) {
    for (let i = 0; i < page; i++) replies.read(call, turn * page + i, false, origin);
    await call.unread?.tail;
  }
  expect(broken).toEqual([]);
  expect(told).toHaveLength(3 * page);
  expect(told.every((n, i) => n === i)).toBe(true);
});
