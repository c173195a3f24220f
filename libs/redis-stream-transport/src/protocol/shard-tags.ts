import { SLOTS, slotOf } from './slot.js';

/** The middle part of a cell in which a tag must be: masters may end a little before or after the end of a cell. */
const MIDDLE = 1 / 4;
/** How many lists are remembered: a process has a few prefixes. */
const REMEMBERED = 16;

const known = new Map<string, readonly number[]>();

/**
 * The numbers in the tags of the shards, in their order: the tag of 0 is `{<prefix>}`, of any other `{<prefix>:<number>}`.
 *
 * All slots are divided into as many equal cells as there are shards. The first shard is where its tag happens to be;
 * the others follow it, one to a cell. The number is the smallest from 1 with which the slot is in the middle quarter of
 * the cell. So masters with equal shares of the slots have equal numbers of shards, as far as that is possible. This is
 * part of the wire: programs in all languages must agree.
 */
export function tagNumbers(prefix: string, shards: number): readonly number[] {
  const name = `${shards} ${prefix}`;
  const before = known.get(name);
  if (before !== undefined) return before;
  const cell = SLOTS / shards;
  const first = Math.floor(slotOf(prefix) / cell);
  const numbers = [0];
  for (let shard = 1; shard < shards; shard++) {
    const middle = (((first + shard) % shards) + 0.5) * cell;
    numbers.push(numberNear(prefix, middle, (cell * MIDDLE) / 2));
  }
  if (known.size === REMEMBERED) known.clear();
  known.set(name, numbers);
  return numbers;
}

/** The smallest number that gives a slot from `middle - reach`, and below `middle + reach`. */
function numberNear(prefix: string, middle: number, reach: number): number {
  for (let number = 1; ; number++) {
    const slot = slotOf(`${prefix}:${number}`);
    if (slot >= middle - reach && slot < middle + reach) return number;
  }
}
