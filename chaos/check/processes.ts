// I7, I8 and I9: whether the processes survive the faults, and what they say about them.

import type { FaultSeen, Model, ProcessSeen, Violation } from './model.js';

/** Log lines per second and process. */
const LINES = 20;
/** Milliseconds within which a process must notice that a connection is gone, or back. */
const NOTICE = 10_000;

/** I7. No error stays unhandled, and no process ends without being told to. */
export function* nobodyFalls({ processes, plan }: Model): Generator<Violation> {
  for (const { name, unhandled, exit, output } of processes.values()) {
    for (const { what, text } of unhandled)
      yield { rule: 'I7', text: `${what} in ${name}: ${text}` };
    const fell = exit !== undefined && exit.expected === undefined;
    if (fell && !plan.crashes) {
      yield { rule: 'I7', text: `${name} ended by itself: ${exit.code ?? exit.signal}` };
    }
    if (exit?.expected === 'term' && exit.code !== 0) {
      yield {
        rule: 'I7',
        text: `${name} was told to end and did with ${exit.code ?? exit.signal}`,
      };
    }
    if (output) yield { rule: 'I7', text: `${name} printed: ${output.slice(0, 300)}` };
  }
}

/** I8. No process writes more than 20 log lines in any second. */
export function* fewWords({ processes }: Model): Generator<Violation> {
  for (const { name, logs } of processes.values()) {
    let first = 0;
    let most = 0;
    for (const [i, { t }] of logs.entries()) {
      while (t - (logs[first]?.t ?? t) > 1000) first++;
      most = Math.max(most, i - first + 1);
    }
    if (most > LINES) yield { rule: 'I8', text: `${name} wrote ${most} log lines in a second` };
  }
}

/** I9. The status of clients and servers tells whether they are connected. */
export function* truthfulStatus({
  processes,
  faults,
  plan,
  endingAt = Infinity,
}: Model): Generator<Violation> {
  const cutting = faults.filter(({ cuts }) => cuts !== undefined);
  const meets = ({ cuts = [] }: FaultSeen, name: string) => cuts === 'all' || cuts.includes(name);
  for (const { name, statuses, up, exit } of processes.values()) {
    if (up === undefined) continue;
    for (const { value, t } of statuses) {
      if (value === 'connected' || (exit?.expected && t > exit.t - NOTICE)) continue;
      if (t > endingAt) continue;
      const caused = faults.some(
        (fault) =>
          (fault.cuts ? meets(fault, name) : fault.stalls && fault.targets.includes(name)) &&
          t >= fault.from - 100 &&
          t <= fault.to + NOTICE,
      );
      if (!caused && !plan.noisy) {
        yield { rule: 'I9', text: `${name} says ${value} at ${t}, but nothing happened to it` };
      }
    }
    for (const fault of cutting) {
      const leaves = exit !== undefined && exit.t < fault.from + NOTICE;
      if (fault.gentle || !meets(fault, name) || up > fault.from || leaves) continue;
      // A process that ends meanwhile says rightly that it is disconnected.
      const until = Math.min(endingAt, nextCut(cutting, fault), exit?.t ?? Infinity);
      yield* noticed(name, statuses, fault, until);
    }
    const last = statuses.findLast(({ t }) => t <= endingAt);
    const lived = exit === undefined || exit.expected === 'end';
    if (lived && last?.value !== 'connected') {
      yield {
        rule: 'I9',
        text: `${name} says ${last?.value ?? 'nothing'} although all is well again`,
      };
    }
  }
}

/** The time at which the next fault may cut connections again. Until then the status must stay "connected". */
function nextCut(cutting: readonly FaultSeen[], { from, to }: FaultSeen): number {
  const later = cutting
    .filter((fault) => fault.from > from && fault.to > to)
    .map((fault) => fault.from);
  return Math.min(...later);
}

function* noticed(
  name: string,
  statuses: ProcessSeen['statuses'],
  { what, from, to }: FaultSeen,
  until: number,
): Generator<Violation> {
  const before = statuses.findLast(({ t }) => t <= from);
  const told = statuses.some(
    ({ value, t }) => value !== 'connected' && t >= from - 100 && t <= from + NOTICE,
  );
  if (before?.value === 'connected' && !told) {
    yield { rule: 'I9', text: `${name} did not say that it was cut off (${what} at ${from})` };
  }
  const after = statuses.findLast(({ t }) => t <= to + NOTICE);
  if (after?.value !== 'connected' && until > to + NOTICE) {
    yield {
      rule: 'I9',
      text: `${name} says ${after?.value} 10 s after the end of ${what} at ${to}`,
    };
  }
}
