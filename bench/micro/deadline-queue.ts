// Deadlines that are set and, nearly always, taken back.
import type * as DeadlineQueueModule from '../../libs/redis-stream-transport/src/engine/deadline-queue.js';
import { internal } from './internal.js';
import type { Pieces } from './pieces.js';

const { DeadlineQueue } = await internal<typeof DeadlineQueueModule>('engine/deadline-queue.js');

const OPEN = 1024;
const LONGEST = 30_000;

export function deadlinePieces(): Pieces {
  // A clock that the piece itself moves, so that no timer fires in between.
  let now = 1000;
  let due: (() => void) | undefined;
  const clock = {
    now: () => now,
    after: (_ms: number, task: () => void) => {
      due = task;
      return () => (due = undefined);
    },
    random: () => 0.5,
  };
  const item = (i: number) => ({
    expiresAt: now + LONGEST + i,
    slot: 0,
    previousItem: undefined,
    nextItem: undefined,
  });
  const queue = new DeadlineQueue(clock, () => undefined);
  const items = Array.from({ length: OPEN }, (_, i) => item(i));
  for (const each of items) queue.add(each);
  let turn = 0;
  return {
    'deadline, renewed among 1024': () => {
      const each = items[turn++ % OPEN] as (typeof items)[number];
      queue.remove(each);
      each.expiresAt = ++now / 1000 + LONGEST;
      queue.add(each);
    },
    'deadline timer, nothing due': () => {
      now += 0.01;
      due?.();
    },
  };
}
