// Whether a call costs Redis more when there is more of something.
import { sleep } from '../harness/clock.js';
import { Team } from '../harness/team.js';
import { drained, enqueued } from './backlog.js';
import type { Mode } from './mode.js';
import type { Key } from '../report/cells.js';
import type { Options } from '../options.js';
import type { Settings } from '../peers/index.js';

/** Handlers at once that remain free beside those that never end. */
const FREE = 200;
/** Calls while it is measured. */
const IN_FLIGHT = 128;
/** What the option `concurrency` takes. */
const MOST = 100_000;

const microseconds = (cpuPer10k: number) => (cpuPer10k / 10_000) * 1e6;

export const run: Mode['run'] = async (options, results) => {
  for (let round = 1; round <= options.rounds; round++)
    for (const kind of options.growth)
      for (const key of keysOf(kind))
        if (key.size <= options.max)
          results.fact('growth', { ...key, round }, await growth(key, options));
};

export interface Growth extends Key {
  /** backlog, pending, patterns or callers */
  kind: string;
  size: number;
}

const SIZES: Readonly<Record<string, readonly number[]>> = {
  backlog: [0, 100_000, 1_000_000],
  pending: [0, 10_000, 100_000],
  patterns: [1, 100, 1000],
  callers: [1, 100, 1000],
};

function keysOf(kind: string): Growth[] {
  const sizes = (SIZES[kind] ?? []).map((size) => ({ kind, size }));
  if (kind !== 'patterns') return sizes;
  return sizes.flatMap((key) => [false, true].map((lane) => ({ ...key, lane })));
}

/** What a call costs Redis when there is that much of something. */
export function growth(key: Key, options: Options): Promise<Record<string, number>> {
  const size = Number(key.size);
  switch (key.kind) {
    case 'backlog':
      return backlog(size);
    case 'pending':
      return pending(size, options);
    case 'patterns':
      return calls({ patterns: size, ...(key.lane === true ? { lane: 'lane' } : {}) }, options);
    case 'callers':
      return calls({ callers: size }, options);
    default:
      throw new Error(`nothing of this kind grows: ${String(key.kind)}`);
  }
}

/** Entries that nobody has read yet. */
async function backlog(size: number) {
  const enqueue = microseconds(await enqueued(size));
  const drain = microseconds(await drained(size));
  return {
    redisMicrosecondsPerCall: enqueue + drain,
    enqueueMicroseconds: enqueue,
    drainMicroseconds: drain,
  };
}

/** Handlers that have begun and not ended. */
async function pending(size: number, options: Options) {
  const held = Math.min(size, MOST - FREE);
  const settings = { lane: 'lane', concurrency: held + FREE };
  return calls(settings, options, async (team) => {
    const [service] = team.services;
    if (service === undefined || held === 0) return;
    const { calls: before } = await service.ask('counts');
    await team.client.ask('burst', 'hold', held);
    while ((await service.ask('counts')).calls < before + held) await sleep(5);
  });
}

async function calls(
  settings: Settings,
  options: Options,
  prepare?: (team: Team) => Promise<void>,
) {
  const team = await Team.start('ours', { settings, ...profile(options) });
  try {
    await prepare?.(team);
    const spec = { load: 'closed', pattern: 'echo', payload: '100B' } as const;
    // Of each caller: in all as many as without, or one each.
    const concurrency = Math.max(1, Math.floor(IN_FLIGHT / (settings.callers ?? 1)));
    const measured = await team.measure({ ...spec, concurrency }, options);
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

const profile = ({ cpuProf }: Options) => (cpuProf === undefined ? {} : { cpuProf });
