// Reads the histories of a run into one model.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from '../fleet/child.js';
import type { KeyFound } from '../fleet/inspection.js';
import { readHistory } from '../kit/history.js';
import { receivedUntil } from './unreceived.js';
import type {
  Call,
  End,
  Execution,
  Exit,
  FaultSeen,
  Model,
  Note,
  OffsetSeen,
  ProcessSeen,
  Quiet,
  Revocation,
  Timed,
  VitalsSeen,
} from './seen.js';

export type * from './seen.js';

/** A line of a history. Its kind says which of the fields it has. */
type Event = Timed & {
  readonly k: string;
  readonly n: number;
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly pid: number;
  readonly text: string;
  readonly when: 'before' | 'after';
  /**
   * Pattern, hash of the request, what else the handler does, delivery, consumer, entry, and whether it looks at
   * its signal.
   */
  readonly p: string;
  readonly q: string;
  readonly a?: string;
  readonly d: number;
  readonly c: string;
  readonly e?: string;
  readonly w?: boolean;
  readonly timeout: number;
  /** When it is due, in milliseconds since 1970, and whether it is an event. */
  readonly due?: number;
  readonly event?: true;
  /** Its idempotency key. */
  readonly key?: string;
};

export function readRun(folder: string): Model {
  const model: Model = {
    plan: JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Model['plan'],
    calls: new Map(),
    keyed: new Map(),
    strays: [],
    processes: new Map(),
    faults: [],
    notes: [],
    revocations: [],
  };
  readFleet(model, join(folder, 'run.jsonl'));
  readFaults(model, join(folder, 'nemesis.jsonl'));
  readOffsets(model, join(folder, 'offsets.jsonl'));
  for (const name of historiesIn(folder, 'callers')) readCaller(model, folder, name);
  for (const name of historiesIn(folder, 'services')) readService(model, folder, name);
  for (const call of model.calls.values()) call.executions.sort((a, b) => a.begin - b.begin);
  for (const { name } of model.processes.values()) readOutput(model, folder, name);
  return model;
}

function historiesIn(folder: string, part: string): string[] {
  const where = join(folder, part);
  if (!existsSync(where)) return [];
  return readdirSync(where).map((file) => file.replace(/\.jsonl$/, ''));
}

function processNamed(model: Model, name: string, kind?: Kind): ProcessSeen {
  let known = model.processes.get(name);
  if (known === undefined) {
    known = {
      name,
      kind,
      logs: [],
      stalls: [],
      statuses: [],
      links: [],
      unhandled: [],
      vitals: {},
      output: '',
      aborts: [],
      watched: [],
    };
    model.processes.set(name, known);
  }
  return known;
}

function readFleet(model: Model, file: string): void {
  for (const event of existsSync(file) ? readHistory<Event>(file) : []) {
    const { k, name, kind, t } = event;
    if (k === 'spawn')
      Object.assign(processNamed(model, name, kind), { kind, pid: event.pid, spawned: t });
    else if (k === 'up') processNamed(model, name).up = t;
    else if (k === 'exit') processNamed(model, name, kind).exit = of<Exit>(event);
    else if (k === 'vitals')
      processNamed(model, name, kind).vitals[event.when] = of<VitalsSeen>(event);
    else if (k === 'quiet') model.quiet = of<Quiet>(event);
    else if (k === 'left') model.left = of<{ keys: KeyFound[] }>(event);
    else if (k === 'aborted') model.aborted = event.text;
    else if (k === 'load') model.loadAt = t;
    else if (k === 'loaded') model.loadedAt = t;
    else if (k === 'ending') model.endingAt = t;
    else if (k === 'revoked') model.revocations.push(of<Revocation>(event));
    else model.notes.push(of<Note>(event));
  }
}

function readFaults(model: Model, file: string): void {
  const known = new Map<number, FaultSeen>();
  for (const event of existsSync(file) ? readHistory<Event>(file) : []) {
    if (event.k === 'fault') {
      // Infinity: it still goes on when the run ends.
      const fault = of<FaultSeen>({ targets: [], ...event, from: event.t, to: Infinity });
      known.set(event.n, fault);
      model.faults.push(fault);
    } else if (event.k === 'over') {
      Object.assign(known.get(event.n) ?? {}, { ...event, to: event.t, k: 'fault' });
    } else if (event.k === 'ceased' || event.k === 'restored') {
      Object.assign(known.get(event.n) ?? {}, { [event.k]: event.t });
    } else model.notes.push(of<Note>(event));
  }
}

function readOffsets({ faults }: Model, file: string): void {
  const offsets = existsSync(file) ? readHistory<OffsetSeen>(file) : [];
  for (const fault of faults) fault.receivedUntil = receivedUntil(offsets, fault);
}

function readCaller(model: Model, folder: string, name: string): void {
  const process = processNamed(model, name, 'caller');
  for (const event of readHistory<Event>(join(folder, 'callers', `${name}.jsonl`))) {
    if (event.k === 'start') {
      const { id, p: pattern, q, a: act, timeout, t: start, due, event: isEvent, key } = event;
      const facts = { caller: name, pattern, q, act, timeout, start, due };
      const call = callNamed(model, id, { ...facts, event: isEvent, key });
      if (key !== undefined) model.keyed.set(key, [...(model.keyed.get(key) ?? []), call]);
    } else if (event.k === 'end') callNamed(model, event.id).ends.push(of<End>(event));
    else readCommon(process, event);
  }
}

function readService(model: Model, folder: string, name: string): void {
  const process = processNamed(model, name, 'service');
  const running = new Map<number, Execution>();
  for (const event of readHistory<Event>(join(folder, 'services', `${name}.jsonl`))) {
    const { k, n, t } = event;
    if (k === 'begin') {
      const { id, d: delivery, q, c: consumer, e: entry, p: pattern } = event;
      const execution: Execution = {
        id,
        n,
        process: name,
        consumer,
        entry,
        delivery,
        q,
        pattern,
        begin: t,
        finish: NaN,
      };
      running.set(n, execution);
      if (event.w) process.watched.push(execution);
      const call = model.calls.get(id);
      if (call === undefined) model.strays.push(execution);
      else call.executions.push(execution);
    } else if (k === 'finish') finish(running.get(n), t);
    else if (k === 'abort') process.aborts.push(event);
    else readCommon(process, event);
  }
}

function finish(execution: Execution | undefined, t: number): void {
  if (execution === undefined) throw new Error('an execution finished that never began');
  execution.finish = t;
}

function readCommon(process: ProcessSeen, event: Event): void {
  if (event.k === 'log') process.logs.push(event);
  else if (event.k === 'stall') process.stalls.push(of(event));
  else if (event.k === 'status') process.statuses.push(of(event));
  else if (event.k === 'link') process.links.push(of(event));
  else if (event.k === 'unhandled') process.unhandled.push(of(event));
}

function readOutput(model: Model, folder: string, name: string): void {
  const file = join(folder, `${name}.out`);
  processNamed(model, name).output = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

type CallFacts = Pick<
  Call,
  'caller' | 'pattern' | 'q' | 'act' | 'timeout' | 'start' | 'due' | 'event' | 'key'
>;

function callNamed(model: Model, id: string, facts?: CallFacts): Call {
  let call = model.calls.get(id);
  if (call === undefined) {
    const never = { caller: '', pattern: '', q: '', timeout: NaN, start: NaN };
    call = { id, ...never, ends: [], executions: [] };
    model.calls.set(id, call);
  }
  return facts === undefined ? call : Object.assign(call, facts);
}

/** Executions that may have given a call its answer: its own, and those of the calls with its idempotency key. */
export function executionsFor(
  { keyed }: Pick<Model, 'keyed'>,
  { key, executions }: Call,
): readonly Execution[] {
  const sharing = key === undefined ? undefined : keyed.get(key);
  return sharing === undefined ? executions : sharing.flatMap((call) => call.executions);
}

/** Milliseconds of an interval in which the process could do nothing, as it measured itself. */
export function stalledWithin(process: ProcessSeen | undefined, from: number, to: number): number {
  let sum = 0;
  for (const stall of process?.stalls ?? []) {
    sum += Math.max(0, Math.min(to, stall.t) - Math.max(from, stall.from));
  }
  return sum;
}

/** An event as what its kind says that it is. */
const of = <T>(event: object): T => event as T;
