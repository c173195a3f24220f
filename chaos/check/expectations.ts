// What a scenario must hold besides the invariants. Its plan says which of these apply.
import { figuresOf, isFailure } from './figures.js';
import { letterRules } from './letters.js';
import { loadRules } from './load.js';
import { pauseRules } from './pauses.js';
import { unexcused } from './unreceived.js';
import { stalledWithin, type Finding, type Model, type Violation } from './model.js';
import type { Expectations } from '../fleet/plan.js';

export function* expectations(model: Model): Generator<Violation> {
  const { expect } = model.plan;
  for (const [name, wanted] of Object.entries(expect)) {
    const rule = rules[name as keyof Expectations] as Rule<unknown> | undefined;
    if (rule === undefined) throw new Error(`there is no expectation ${name}`);
    for (const { id, text } of rule(model, wanted)) yield { rule: name, id, text };
  }
  yield* falseTakeOvers(model);
}

type Rule<T> = (model: Model, wanted: T) => Iterable<Finding>;

const rules: { readonly [Name in keyof Expectations]-?: Rule<NonNullable<Expectations[Name]>> } = {
  ...loadRules,
  ...letterRules,
  ...pauseRules,

  *success({ calls, plan }, share) {
    const codes = plan.expect.codes ?? [];
    let failed = 0;
    const examples: string[] = [];
    for (const call of calls.values()) {
      // Of what is due later I10 says more.
      if (call.due !== undefined || !isFailure(call, codes)) continue;
      failed++;
      const [end] = call.ends;
      if (examples.length < 3)
        examples.push(`${call.id}: ${end?.code ?? end?.o}/${end?.says} ${end?.text ?? ''}`);
    }
    if (failed / Math.max(1, calls.size) > 1 - share) {
      yield { text: `${failed} of ${calls.size} calls failed, such as ${examples.join('; ')}` };
    }
  },

  /**
   * The share that got an answer, of the calls that may run more than once. Errors do not count, even if
   * `codes` permits them.
   */
  *answered({ calls }, share) {
    const counted = [...calls.values()].filter(
      ({ pattern, due }) => pattern !== 'once' && due === undefined,
    );
    const failed = counted.filter((call) => isFailure(call, [])).length;
    if (failed > (1 - share) * counted.length) yield { text: `${failed} calls got no answer` };
  },

  *codes() {},

  *excused(model) {
    for (const { id, start, ends, executions } of unexcused(model)) {
      const [end] = ends;
      const ran = executions.map(({ begin, finish }) => `${begin} to ${finish}`).join(', ');
      const text = `ended with ${end?.code}/${end?.says} at ${end?.t}, but no failover lost anything of it`;
      yield { id, text: `${text}; made at ${start}, ran ${ran || 'never'}` };
    }
  },

  *duplicates() {},

  *attacked({ calls, notes }, ways) {
    const tried = Object.keys(notes.find(({ k }) => k === 'attacks')?.done ?? {});
    if (tried.length < ways) yield { text: `only this was tried: ${tried.join(', ')}` };
    const noticed = [...calls.values()].filter(({ ends: [end] }) => end?.code === 'UNTRUSTED');
    if (noticed.length === 0) yield { text: 'no call was attacked' };
  },

  /** A scenario that is to play with packs and gets none shows nothing of them. */
  *packed(model, share) {
    const { executions, packed } = figuresOf(model);
    if (!(packed >= share * executions)) {
      yield { text: `${packed} of ${executions} executions came in packs` };
    }
  },

  *resent({ processes }, wanted) {
    for (const { name, vitals } of processes.values()) {
      const count = vitals.after?.maps?.resent ?? 0;
      if (count > wanted) yield { text: `${name} sent ${count} calls again` };
    }
  },

  *resumeWithin({ calls, faults, loadedAt, processes }, ms) {
    const times = new Map<string, number[]>();
    for (const { caller, ends } of calls.values()) {
      if (ends[0]?.o !== 'value') continue;
      const list = times.get(caller) ?? [];
      times.set(caller, list);
      list.push(ends[0].t);
    }
    for (const list of times.values()) list.sort((a, b) => a - b);
    for (const { what, to, from } of faults) {
      // If another fault or the end of the load comes first, nothing can be concluded.
      const until = Math.min(
        loadedAt ?? NaN,
        ...faults.map((fault) => (fault.from > from ? fault.from : Infinity)),
      );
      if (to + ms > until) continue;
      for (const [caller, list] of times) {
        const next = list.find((t) => t > to) ?? NaN;
        const took = next - to - stalledWithin(processes.get(caller), to, next);
        if (took <= ms) continue;
        yield {
          text: `${caller}: the first success after ${what} at ${to} came ${Math.round(took)} ms later`,
        };
      }
    }
  },

  *takeOverWithin({ calls, faults }, ms) {
    for (const { what, targets, from, excuses } of faults) {
      if (excuses !== 'owned') continue;
      for (const { id, executions, ends } of calls.values()) {
        for (const [i, orphan] of executions.entries()) {
          const mine = targets.includes(orphan.process) && orphan.begin <= from;
          if (!mine || orphan.finish <= from) continue;
          const again = executions[i + 1]?.begin ?? ends[0]?.t ?? NaN;
          if (again - from > ms) {
            yield {
              id,
              text: `taken over ${Math.round(again - from)} ms after ${what} of ${orphan.process}`,
            };
          }
        }
      }
    }
  },

  *exitWithin({ faults }, ms) {
    for (const { what, targets, from, to } of faults) {
      if (what === 'term' && to - from > ms)
        yield { text: `${targets[0]} took ${to - from} ms to end` };
    }
  },

  /** Time in which the owner stood still is measured, and does not count: it could notice nothing. */
  *replacedWithin({ faults, processes }, ms) {
    for (const { what, targets, role, from, silent } of faults) {
      if (!silent) continue;
      const target = processes.get(targets[0] ?? '');
      const ready = target?.links.find(
        (link) => link.what === 'ready' && link.role === role && link.t > from,
      );
      const took = ready && ready.t - from - stalledWithin(target, from, ready.t);
      if (took === undefined || took > ms) {
        const after = took === undefined ? 'never' : `after ${Math.round(took)} ms`;
        yield { text: `${what}: the ${role} of ${targets[0]} was replaced ${after}` };
      }
    }
  },

  *refusedWithin({ calls, faults }, ms) {
    for (const fault of faults.filter(({ refuses }) => refuses)) {
      for (const { id, start, ends } of calls.values()) {
        const [end] = ends;
        if (end?.o !== 'fault' || start < fault.from || start > fault.to || end.says !== 'not-run')
          continue;
        if (end.t - start > ms)
          yield { id, text: `refused (${end.code}) after ${Math.round(end.t - start)} ms` };
      }
    }
  },

  *p99(model, ms) {
    const { p99 } = figuresOf(model);
    if (p99 > ms) yield { text: `one call in a hundred took longer than ${p99} ms` };
  },

  /** The signal of a handler fires soon after its instance wakes up, if the entry was taken over. */
  *abortWithin({ faults, processes }, ms) {
    for (const { targets, from, to } of faults.filter(({ stalls }) => stalls)) {
      const { aborts, watched } = processes.get(targets[0] ?? '') ?? { aborts: [], watched: [] };
      for (const { n, id, begin, finish } of watched) {
        if (begin > from || finish <= to + ms) continue;
        const told = aborts.find((abort) => abort.n === n)?.t;
        if (told === undefined || told - to > ms) {
          const when = told === undefined ? 'never' : `${Math.round(told - to)} ms later`;
          yield { id, text: `${targets[0]} woke up at ${to}; the handler was told ${when}` };
        }
      }
    }
  },

  /** No call ends before its deadline, unless the clock of Redis jumped forward. */
  *earlyOnlyByRedis({ calls, faults }, ms) {
    const steps = faults.filter(({ ages }) => ages);
    for (const { seconds, shift } of steps) {
      if (Math.abs((shift ?? NaN) - (seconds ?? NaN)) > 5)
        yield { text: `the clock was ${shift} s off, not ${seconds}` };
    }
    for (const {
      id,
      start,
      timeout,
      ends: [end],
    } of calls.values()) {
      if (end?.code !== 'TIMEOUT' || end.t >= start + timeout - ms) continue;
      const aged = steps.some(({ from, to }) => start <= to && end.t >= from);
      if (!aged) yield { id, text: `timed out ${Math.round(start + timeout - end.t)} ms early` };
    }
  },

  *effects({ quiet, calls }) {
    const repeated = quiet?.effects.repeated ?? [];
    if (repeated.length > 0)
      yield { text: `effects were had twice: ${repeated.slice(0, 5).join(', ')}` };
    let done = 0;
    for (const { pattern, ends } of calls.values())
      if (pattern === 'inbox' && ends[0]?.o === 'value') done++;
    if (quiet !== undefined && quiet.effects.count < done) {
      yield { text: `${done} calls succeeded, but only ${quiet.effects.count} had an effect` };
    }
  },
};

/** Finds leases that ended before they could have expired, although their owner lived and had not left. */
function* falseTakeOvers({ revocations, processes }: Model): Generator<Violation> {
  const byPid = new Map([...processes.values()].map((process) => [String(process.pid), process]));
  for (const { consumer, left, t } of revocations) {
    const owner = [...byPid].find(([pid]) => consumer.includes(`-${pid}-`))?.[1];
    // An instance that is told to end gives up its lease by itself.
    if (owner?.exit?.expected !== undefined && t > owner.exit.t - 15_000) continue;
    // Its connections went with its process, and others saw that.
    if (owner?.exit !== undefined && t > owner.exit.t) continue;
    if (left > 0)
      yield { rule: 'take-over', text: `${owner?.name} lost its lease at ${t}, ${left} ms early` };
  }
}
