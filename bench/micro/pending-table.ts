// A turn of a client: 64 calls are entered, and one frame answers them all.
import { encodeReply, REPLY } from 'nestjs-redis-streams/protocol';
import { payload } from '../harness/payloads.mjs';
import { internal } from './internal.mjs';

const { Call } = await internal('engine/producer/call.js');
const { ReplyMux } = await internal('engine/producer/replies/reply-mux.js');
const { DeadlineQueue } = await internal('engine/deadline-queue.js');
const { IdTable } = await internal('engine/id-table.js');
const { systemClock } = await internal('engine/clock.js');

const CALLS = 64;
const CALLER = 'AAAAAAAAAAAAAAAAAAAAAA';

/** @returns {import('./measure.mjs').Pieces} */
export function pendingPieces() {
  const calls = new IdTable();
  const deadlines = new DeadlineQueue(systemClock, () => undefined);
  const replies = new ReplyMux({
    find: (/** @type {string} */ id) => calls.get(id),
    finished: (/** @type {any} */ call) => {
      call.state = 'settled';
      calls.delete(call);
      deadlines.remove(call);
    },
    broken: () => undefined,
    renewed: () => undefined,
    gap: () => undefined,
  });
  const nothing = () => undefined;
  const sink = { value: nothing, packed: nothing, done: nothing, error: nothing };
  const request = {
    pattern: 'echo',
    stream: 'echo',
    codec: 'json',
    data: JSON.stringify(payload('100B')),
    headers: undefined,
    key: undefined,
    namePattern: false,
    timeout: 30_000,
    idle: 0,
    once: false,
    grace: 1000,
  };
  const answered = Array.from({ length: CALLS }, (_, id) =>
    JSON.parse(encodeReply(String(id), REPLY.last, 1, 7, 0, request.data, undefined)),
  );
  return {
    '64 calls, entered and answered': () => {
      const now = systemClock.now();
      for (let id = 0; id < CALLS; id++) {
        const call = new Call(String(id), CALLER, request, sink, {}, now);
        calls.set(call);
        deadlines.add(call);
      }
      replies.frame({ instance: 'instance', replies: answered });
    },
  };
}
