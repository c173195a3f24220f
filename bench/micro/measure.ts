// Runs the pieces in turns, with the yardstick before each of them.
import { Bench } from 'tinybench';
import { median } from '../harness/stats.js';
import { payload } from '../harness/payloads.js';
import { codecPieces } from './codec.js';
import { deadlinePieces } from './deadline-queue.js';
import { pendingPieces } from './pending-table.js';

const ROUNDS = 5;

/** Work that has nothing to do with us, so that a slower machine is not taken for slower code. */
const record = payload('100B');
const yardstick = () => JSON.parse(JSON.stringify(record));

/** @param time milliseconds per piece */
export async function measure(time: number) {
  const pieces = { ...codecPieces(), ...pendingPieces(), ...deadlinePieces() };
  const taken: Map<string, { nanoseconds: number[]; costs: number[] }> = new Map();
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

async function durations<Name extends string>(pieces: Record<Name, () => unknown>, time: number) {
  const bench = new Bench({ time, warmupTime: time / 2, throws: true });
  for (const [name, piece] of Object.entries(pieces) as [Name, () => unknown][])
    bench.add(name, () => {
      for (let i = 0; i < REPEAT; i++) piece();
    });
  await bench.run();
  const each = bench.tasks.map(({ name, result }) => {
    const { latency } = result as { latency: { p50: number } };
    return [name, (latency.p50 * 1e6) / REPEAT];
  });
  return Object.fromEntries(each) as Record<Name, number>;
}
