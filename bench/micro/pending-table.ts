// A turn of a client: 64 calls are entered, and one frame answers them all.
import type * as CallModule from '../../libs/redis-stream-transport/src/engine/producer/call.js';
import type * as ReplyMuxModule from '../../libs/redis-stream-transport/src/engine/producer/replies/reply-mux.js';
import type * as DeadlineQueueModule from '../../libs/redis-stream-transport/src/engine/deadline-queue.js';
import type * as IdTableModule from '../../libs/redis-stream-transport/src/engine/id-table.js';
import type * as ClockModule from '../../libs/redis-stream-transport/src/engine/clock.js';
import { encodeReply, REPLY } from 'nestjs-redis-streams/protocol';
import { payload } from '../harness/payloads.js';
import { internal } from './internal.js';
import type { Pieces } from './pieces.js';

const { Call } = await internal<typeof CallModule>('engine/producer/call.js');
const { ReplyMux } = await internal<typeof ReplyMuxModule>('engine/producer/replies/reply-mux.js');
const { DeadlineQueue } = await internal<typeof DeadlineQueueModule>('engine/deadline-queue.js');
const { IdTable } = await internal<typeof IdTableModule>('engine/id-table.js');
const { systemClock } = await internal<typeof ClockModule>('engine/clock.js');

const CALLS = 64;
const CALLER = 'AAAAAAAAAAAAAAAAAAAAAA';

export function pendingPieces(): Pieces {
  const calls = new IdTable<CallModule.Call>();
  const deadlines = new DeadlineQueue(systemClock, () => undefined);
  const hooks = {
    finished: (call: CallModule.Call) => {
      call.state = 'settled';
      calls.delete(call);
      deadlines.remove(call);
    },
    broken: () => undefined,
    renewed: () => undefined,
    gap: () => undefined,
    faulted: () => undefined,
  };
  const unheard = { answered: () => undefined, untrusted: () => undefined, late: () => undefined };
  const replies = new ReplyMux(calls, hooks, unheard);
  const nothing = () => undefined;
  const sink = { value: nothing, packed: async () => nothing, done: nothing, error: nothing };
  const asked = { stored: nothing, refused: nothing, failed: nothing };
  const owner = { callerId: CALLER, clock: systemClock, ...asked };
  const request = {
    pattern: 'echo',
    stream: 'echo',
    codec: 'json' as const,
    data: JSON.stringify(payload('100B')),
    headers: undefined,
    key: undefined,
    namePattern: false,
    timeout: 30_000,
    idle: 0,
    expiresIn: 0,
    once: false,
    grace: 1000,
  };
  const answered = Array.from({ length: CALLS }, (_, id) =>
    JSON.parse(
      encodeReply({
        ...{ call: String(id), kind: REPLY.last, deliveries: 1, nonce: 7, index: 0 },
        ...{ payload: request.data, headers: undefined },
      }),
    ),
  );
  return {
    '64 calls, entered and answered': () => {
      for (let id = 0; id < CALLS; id++) {
        const call = new Call(String(id), request, sink, owner);
        calls.set(call);
        deadlines.add(call);
      }
      replies.frame({ instance: 'instance', replies: answered, unreadable: 0 });
    },
  };
}
