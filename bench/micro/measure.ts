// Runs the pieces in turns, with the yardstick before each of them.
import { Bench } from 'tinybench';
import { median } from '../harness/stats.mjs';
import { payload } from '../harness/payloads.mjs';
import { codecPieces } from './codec.mjs';
import { deadlinePieces } from './deadline-queue.mjs';
import { pendingPieces } from './pending-table.mjs';

/** @typedef {Record<string, () => unknown>} Pieces */

const ROUNDS = 5;

/** Work that has nothing to do with us, so that a slower machine is not taken for slower code. */
const record = payload('100B');
const yardstick = () => JSON.parse(JSON.stringify(record));

/** @param {number} time milliseconds per piece */
export async function measure(time) {
  const pieces = { ...codecPieces(), ...pendingPieces(), ...deadlinePieces() };
  /** @type {Map<string, { nanoseconds: number[], costs: number[] }>} */
  const taken = new Map();
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, piece] of Object.entries(pieces)) {
      const one = await durations({ yardstick, piece }, time / ROUNDS);
      const seen = taken.get(name) ?? { nanoseconds: [], costs: [] };
      seen.nanoseconds.push(one.piece);
      seen.costs.push(one.piece / one.yardstick);
      taken.set(name, seen);
    }
  return [...taken].map(([name, { nanoseconds, costs }]) => ({
    name,
    nanoseconds: median(nanoseconds),
    cost: median(costs),
  }));
}

/** Work of less than a microsecond is repeated, since clocks are coarser. */
const REPEAT = 100;

/** @template {string} Name @param {Record<Name, () => unknown>} pieces @param {number} time */
async function durations(pieces, time) {
  const bench = new Bench({ time, warmupTime: time / 2, throws: true });
  for (const [name, piece] of /** @type {[Name, () => unknown][]} */ (Object.entries(pieces)))
    bench.add(name, () => {
      for (let i = 0; i < REPEAT; i++) piece();
    });
  await bench.run();
  const each = bench.tasks.map(({ name, result }) => {
    const { latency } = /** @type {any} */ (result);
    return [name, (latency.p50 * 1e6) / REPEAT];
  });
  return /** @type {Record<Name, number>} */ (Object.fromEntries(each));
}
