// Whether a call costs Redis more when there is more of something.
import { Team } from '../harness/team.mjs';
import { drained, enqueued } from './backlog.mjs';

/** Handlers at once that remain free beside those that never end. */
const FREE = 200;
/** What the option `concurrency` takes. */
const MOST = 100_000;

const microseconds = (/** @type {number} */ cpuPer10k) => (cpuPer10k / 10_000) * 1e6;

/** @type {import('./index.mjs').Mode['run']} */
export async function run(options, results) {
  const sizes = (/** @type {number[]} */ wanted) => wanted.filter((size) => size <= options.max);
  for (let round = 1; round <= options.rounds; round++)
    for (const kind of options.growth)
      for (const { key, measure } of runsOf[kind]?.(sizes) ?? [])
        results.fact('growth', { kind, ...key, round }, await measure(options));
}

/** @typedef {(options: import('../options.mjs').Options) => Promise<Record<string, number>>} Measure */
/** @typedef {(wanted: number[]) => number[]} Sizes */

/** @type {Record<string, (sizes: Sizes) => { key: import('../report/results.mjs').Key, measure: Measure }[]>} */
const runsOf = {
  backlog: (sizes) =>
    sizes([0, 100_000, 1_000_000]).map((size) => ({ key: { size }, measure: () => backlog(size) })),
  pending: (sizes) =>
    sizes([0, 10_000, 100_000]).map((size) => ({
      key: { size },
      measure: (options) => pending(size, options),
    })),
  patterns: (sizes) =>
    sizes([1, 100, 1000]).flatMap((size) =>
      [false, true].map((lane) => ({
        key: { size, lane },
        measure: (options) => calls({ patterns: size, ...(lane ? { lane: 'lane' } : {}) }, options),
      })),
    ),
  callers: (sizes) =>
    sizes([1, 100, 1000]).map((size) => ({
      key: { size },
      measure: (options) => calls({ callers: size }, options),
    })),
};

/** Entries that nobody has read yet. @param {number} size */
async function backlog(size) {
  const enqueue = microseconds(await enqueued(size));
  const drain = microseconds(await drained(size));
  return {
    redisMicrosecondsPerCall: enqueue + drain,
    enqueueMicroseconds: enqueue,
    drainMicroseconds: drain,
  };
}

/** Handlers that have begun and not ended. @param {number} size @param {import('../options.mjs').Options} options */
async function pending(size, options) {
  const held = Math.min(size, MOST - FREE);
  const settings = { lane: 'lane', concurrency: held + FREE };
  return calls(settings, options, async (team) => {
    const [service] = team.services;
    if (service === undefined || held === 0) return;
    const { calls: before } = await service.ask('counts');
    await team.client.ask('burst', 'hold', held);
    while ((await service.ask('counts')).calls < before + held) continue;
  });
}

/**
 * @param {import('../peers/index.mjs').Settings} settings
 * @param {import('../options.mjs').Options} options
 * @param {(team: Team) => Promise<void>} [prepare]
 */
async function calls(settings, options, prepare) {
  const team = await Team.start('ours', { settings, ...profile(options) });
  try {
    await prepare?.(team);
    const spec = /** @type {const} */ ({ load: 'closed', pattern: 'echo', payload: '100B' });
    const measured = await team.measure({ ...spec, concurrency: 128 }, options);
    return {
      redisMicrosecondsPerCall: microseconds(measured.cpu.broker),
      callsPerSecond: measured.callsPerSecond,
      cpuPer10k: measured.cpuPer10k,
      errors: measured.errors + measured.unanswered,
    };
  } finally {
    await team.stop();
  }
}

/** @param {import('../options.mjs').Options} options */
const profile = ({ cpuProf }) => (cpuProf === undefined ? {} : { cpuProf });
