// Deadlines that are set and, nearly always, taken back.
import { internal } from './internal.mjs';

const { DeadlineQueue } = await internal('engine/deadline-queue.js');

const OPEN = 1024;
const LONGEST = 30_000;

/** @returns {import('./measure.mjs').Pieces} */
export function deadlinePieces() {
  // A clock that the piece itself moves, so that no timer fires in between.
  let now = 1000;
  /** @type {(() => void) | undefined} */
  let due;
  const clock = {
    now: () => now,
    after: (/** @type {number} */ _ms, /** @type {() => void} */ task) => {
      due = task;
      return () => (due = undefined);
    },
    random: () => 0.5,
  };
  const item = (/** @type {number} */ i) => ({
    expiresAt: now + LONGEST + i,
    slot: 0,
    before: undefined,
    behind: undefined,
  });
  const queue = new DeadlineQueue(clock, () => undefined);
  const items = Array.from({ length: OPEN }, (_, i) => item(i));
  for (const each of items) queue.add(each);
  let turn = 0;
  return {
    'deadline, renewed among 1024': () => {
      const each = /** @type {any} */ (items[turn++ % OPEN]);
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
