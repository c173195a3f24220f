// The figures of a run.
import { duplicatesOf } from './executions.js';
import { quantile } from './load.js';
import type { Call, Execution, Model } from './model.js';

/** The figures of a run. */
export interface Figures {
  readonly scenario: string;
  readonly seed: number;
  readonly size: string;
  readonly redis: string;
  readonly calls: number;
  readonly executions: number;
  /** Executions of calls that came in an entry with other calls. */
  readonly packed: number;
  /** Entries with several calls. */
  readonly packs: number;
  /** Calls and events that were due later than they were sent. */
  readonly later: number;
  readonly duplicates: number;
  /** Number of repetitions that the faults excuse. */
  readonly duplicateBound: number;
  readonly lost: number;
  readonly faults: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The longest time without any success while there was load, in milliseconds. */
  readonly longestStall: number;
}

/** Whether a call ended without its handler's answer, in a way that the scenario does not permit. */
export function isFailure({ ends, timeout }: Call, codes: readonly string[]): boolean {
  const [end] = ends;
  if (end === undefined) return true;
  if (end.o === 'value' || end.o === 'stored' || end.o === 'cancelled') return false;
  const told = end.o === 'error' ? 'error' : `${end.code}/${end.says}`;
  return !codes.some((code) => {
    const [permitted, longest = 'Infinity'] = code.split('@');
    return told === permitted && timeout <= Number(longest);
  });
}

export function figuresOf(model: Model): Figures {
  const { plan, calls, faults, loadAt = 0, strays } = model;
  const { duplicates, bound } = duplicatesOf(model);
  const latencies: number[] = [];
  const times: number[] = [];
  let executions = strays.length;
  let later = 0;
  let lost = 0;
  const outcomes: Record<string, number> = {};
  let lastStart = 0;
  for (const call of calls.values()) {
    executions += call.executions.length;
    if (call.due !== undefined) later++;
    if (call.start > lastStart) lastStart = call.start;
    const [end] = call.ends;
    const outcome =
      end === undefined ? 'none' : end.o === 'fault' ? `${end.code}/${end.says}` : end.o;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (isLost(call, plan)) lost++;
    if (end?.o === 'value') {
      latencies.push(end.t - call.start);
      times.push(end.t);
    }
  }
  return {
    scenario: plan.scenario,
    seed: plan.seed,
    size: plan.size,
    redis: plan.server,
    calls: calls.size,
    executions,
    ...packsOf(model),
    later,
    duplicates,
    duplicateBound: bound,
    lost,
    faults: faults.length,
    outcomes,
    p50: Math.round(quantile(latencies, 0.5) ?? 0),
    p99: Math.round(quantile(latencies, 0.99) ?? 0),
    longestStall: longestGap(times, loadAt, lastStart),
  };
}

/** Of an entry one knows the calls that were executed. */
function packsOf({ calls }: Model): Pick<Figures, 'packed' | 'packs'> {
  const entries = new Map<string, Execution[]>();
  for (const { executions } of calls.values()) {
    for (const execution of executions) {
      if (execution.entry === undefined) continue;
      const entry = execution.entry.replace(/#\d+$/, '');
      const key = `${execution.pattern} ${entry}`;
      const list = entries.get(key);
      if (list === undefined) entries.set(key, [execution]);
      else list.push(execution);
    }
  }
  let packed = 0;
  let packs = 0;
  for (const list of entries.values()) {
    if (list.every(({ id }) => id === list[0]?.id)) continue;
    packs++;
    packed += list.length;
  }
  return { packed, packs };
}

/**
 * A call is lost if it never ended, or if it ended without its answer and the scenario wants every call to
 * succeed.
 */
function isLost(call: Call, { expect }: Model['plan']): boolean {
  if (call.ends.length === 0) return true;
  // Redis may have lost what is due later with its memory: I10 knows whether it had reason.
  return call.due === undefined && expect.success === 1 && isFailure(call, expect.codes ?? []);
}

/** The longest time without any success while there was load. */
function longestGap(times: number[], from: number, to: number): number {
  let longest = 0;
  let last = from;
  for (const t of times.sort((a, b) => a - b)) {
    if (t < from || t > to) continue;
    longest = Math.max(longest, t - last);
    last = t;
  }
  return Math.round(longest);
}
