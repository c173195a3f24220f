// I3, I4 and I5: what handlers were given, how often they ran, and when.
import { answerHash } from '../kit/work.js';
import { mayHaveLost } from './unreceived.js';
import {
  executionsFor,
  stalledWithin,
  type Call,
  type Execution,
  type FaultSeen,
  type Model,
  type Violation,
} from './model.js';

/** The facts that tell which faults excuse a repetition. */
type Circumstances = Pick<Model, 'calls' | 'faults'>;

/** Milliseconds after its deadline within which a call may still be started. */
const LATE_START = 100;
/** Milliseconds for which a call that is on its way may be stored (rule L3 of the transport). */
const MAX_AGE = 2000;
/** Milliseconds after a cancellation within which a call may still be started. */
const LATE_CANCEL = 1000;

/** Milliseconds from the note of a fault until it has certainly taken effect. */
const STRIKES = 250;
/**
 * Milliseconds after its handler within which an event is acknowledged: of that nobody is told. It takes a turn of the event
 * loop and a round trip to Redis.
 */
const ACKNOWLEDGED = 50;

/** I3. The reply is f(request), and the handler saw the request that was made. */
export function* rightAnswers({ calls }: Model): Generator<Violation> {
  for (const { id, q, ends, executions } of calls.values()) {
    for (const { o, r } of ends) {
      if (o === 'value' && r !== answerHash(q))
        yield { rule: 'I3', id, text: `a wrong reply: ${r}` };
    }
    for (const execution of executions) {
      if (execution.q !== q)
        yield { rule: 'I3', id, text: `the handler saw ${execution.q}, not ${q}` };
    }
  }
}

/** I4. No call is executed twice without a fault that excuses it. */
export function* repetitions(model: Model): Generator<Violation> {
  const { calls, faults, plan } = model;
  const { duplicates, bound } = duplicatesOf(model);
  if (duplicates > bound) {
    yield {
      rule: 'I4',
      text: `${duplicates} repetitions, but only ${bound} were in flight at faults`,
    };
  }
  for (const call of calls.values()) {
    const { id, pattern, executions } = call;
    if (executions.length < 2) continue;
    const excused = executions.every((_, i) => i === 0 || isExcused(call, faults, i));
    // It may be started again only if Redis has forgotten the start.
    if (pattern === 'once' && !isExcused(call, onlyForgetful(faults), 1)) {
      yield { rule: 'I4', id, text: `at most once, but started ${executions.length} times` };
    }
    if (plan.expect.duplicates === 0) {
      yield { rule: 'I4', id, text: `executed ${executions.length} times: ${places(executions)}` };
      continue;
    }
    if (!excused) yield { rule: 'I4', id, text: `repeated without cause: ${places(executions)}` };
  }
}

/**
 * Milliseconds between two looks at the leases, plus the time that an answer takes. A lease may have ended this
 * much earlier than that was seen.
 */
const SIGHT = 500;

/** I4. No completion of an instance is accepted after its lease was taken away. */
export function* fencing(model: Model): Generator<Violation> {
  const { calls, revocations } = model;
  const revoked = new Map(revocations.map(({ consumer, t }) => [consumer, t]));
  for (const call of calls.values()) {
    const { id, ends } = call;
    const [end] = ends;
    if (end?.by === undefined) continue;
    const execution = executionsFor(model, call).find((each) => nameOf(each) === end.by);
    if (execution === undefined) {
      yield { rule: 'I3', id, text: `the reply is of ${end.by}, which did not execute it` };
      continue;
    }
    const late = execution.finish - (revoked.get(execution.consumer) ?? NaN);
    if (late > SIGHT) {
      yield {
        rule: 'I4',
        id,
        text: `a completion by ${end.by} was accepted ${Math.round(late)} ms after its lease was taken`,
      };
    }
  }
}

/**
 * I5. No handler starts later than 100 ms after the deadline, or long after its call was cancelled. The
 * deadline is measured from the moment in which Redis stores the call. While Redis stands still a call may wait
 * for that, but no longer than `MAX_AGE`, after which Redis does not accept it. A cancellation is measured from
 * the moment in which Redis can be told, without the time in which the event loop of the caller or of the instance stood still:
 * that one cannot tell meanwhile, and this one cannot hear.
 */
export function* lateStarts({ calls, processes, faults }: Model): Generator<Violation> {
  const standing = faults.filter(({ stands }) => stands);
  const away = faults.filter(({ cuts }) => cuts !== undefined);
  for (const { id, caller, start, timeout, ends, executions } of calls.values()) {
    for (const { begin, process } of executions) {
      const deadline = start + timeout;
      const waited = Math.min(MAX_AGE, overlap(standing, start, begin));
      const stalled = stalledWithin(processes.get(process), deadline, begin);
      const late = begin - deadline - stalled - waited;
      if (late > LATE_START) {
        const text = `started ${Math.round(late)} ms after its deadline in ${process}`;
        yield { rule: 'I5', id, text };
      }
      const cancelled = ends.find(({ o }) => o === 'cancelled')?.t ?? NaN;
      if (!(begin > cancelled + LATE_CANCEL)) continue;
      const deaf = Math.max(
        stalledWithin(processes.get(caller), cancelled, begin),
        stalledWithin(processes.get(process), cancelled, begin),
      );
      const after = begin - cancelled - deaf - overlap(away, cancelled - LATE_CANCEL, begin);
      if (after > LATE_CANCEL) {
        const text = `started ${Math.round(after)} ms after it was cancelled in ${process}`;
        yield { rule: 'I5', id, text };
      }
    }
  }
}

/** Milliseconds of the interval during which the faults went on, added up; they may overlap. */
function overlap(faults: readonly FaultSeen[], from: number, to: number): number {
  let sum = 0;
  for (const fault of faults)
    sum += Math.max(0, Math.min(to, fault.to) - Math.max(from, fault.from));
  return sum;
}

/** The number of executions beyond the first, and how many of them the faults excuse. */
export function duplicatesOf(model: Circumstances): { duplicates: number; bound: number } {
  let duplicates = 0;
  for (const { executions } of model.calls.values())
    duplicates += Math.max(0, executions.length - 1);
  let bound = 0;
  for (const fault of model.faults) if (fault.excuses) bound += inFlightAt(model, fault);
  return { duplicates, bound };
}

/** The number of calls that a fault may cause to run once more. */
function inFlightAt({ calls }: Circumstances, fault: FaultSeen): number {
  let count = 0;
  for (const call of calls.values()) if (isInFlight(call, fault)) count++;
  return count;
}

/**
 * Whether a fault hit a call before it was settled: a target was executing it, or (`open`) any instance was, or
 * it was not settled yet. A call whose caller knows the outcome is settled; one without an outcome may not be.
 */
function isInFlight(call: Call, fault: FaultSeen): boolean {
  const { start, ends, executions } = call;
  const { to, excuses, targets, forgets = 0, rereads = 0 } = fault;
  if (excuses === 'unreceived') return mayHaveLost(call, fault);
  // A settlement that Redis forgets leaves the call open again.
  const isReread = call.event === true && fault.stream?.endsWith(`:s:${call.pattern}`) === true;
  const from = fault.from - Math.max(forgets, isReread ? rereads : 0);
  if (start > Math.min(to, fault.from + STRIKES)) return false;
  const [end] = ends;
  const open = end === undefined || end.t > from;
  if (excuses === 'open') {
    return (
      open || executions.some((execution) => execution.begin <= to && isRunning(execution, from))
    );
  }
  const since = call.event === true ? Math.min(from, fault.from - ACKNOWLEDGED) : from;
  return executions.some(
    (execution) =>
      targets.includes(execution.process) &&
      execution.begin <= to &&
      (open || isRunning(execution, since)),
  );
}

/** Faults after which Redis may have forgotten that something was started or settled. */
export const onlyForgetful = (faults: readonly FaultSeen[]): FaultSeen[] =>
  faults.filter(
    ({ forgets = 0, excuses, kept }) => forgets > 0 || (excuses === 'unreceived' && !kept),
  );

/** As the reply of the execution says by whom it is. */
export const nameOf = ({ process, n }: Execution): string => `${process}#${n}`;

const isRunning = ({ finish }: Execution, from: number) => Number.isNaN(finish) || finish > from;

/** A fault between two executions, or during the first, explains the second. */
export function isExcused(call: Call, faults: readonly FaultSeen[], i: number): boolean {
  const again = call.executions[i];
  if (again === undefined) return false;
  const before = call.executions.slice(0, i);
  const [end] = call.ends;
  const answered = end?.o === 'value' ? end.t : Infinity;
  return faults.some(
    (fault) =>
      fault.excuses !== undefined &&
      !(fault.kept && answered <= fault.to) &&
      fault.from <= again.begin &&
      isInFlight({ ...call, executions: before }, fault),
  );
}

export const places = (executions: readonly Execution[]) =>
  executions
    .map(({ process, delivery, begin }) => `${process} (${delivery}) at ${begin}`)
    .join(', ');
