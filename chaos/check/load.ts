// What a scenario may expect under load: how fast calls are refused, how many are handled, and which callers
// notice.
import type { Overload } from '../fleet/plan.js';
import { stalledWithin, type FaultSeen, type Finding, type Model } from './model.js';

export const loadRules = {
  /** Ten times the capacity is offered: most calls are refused at once, and the capacity is used. */
  *overload({ calls, faults, notes, plan, processes }: Model, want: Overload): Generator<Finding> {
    const { from, to } = theFault(faults, ({ what }) => what === 'overload');
    const inside = [...calls.values()].filter(({ start }) => start >= from && start <= to);
    const refusals = inside.filter(({ ends: [end] }) => end?.code === 'OVERLOADED');
    const waits = refusals.map(({ start, ends: [end], caller }) => {
      const t = end?.t ?? NaN;
      return t - start - stalledWithin(processes.get(caller), start, t);
    });
    if (refusals.length === 0) yield { text: 'nothing was refused' };
    const rejection = quantile(waits, 0.99);
    if (rejection !== undefined && rejection > want.rejectedWithin)
      yield { text: `refusals took ${Math.round(rejection)} ms` };

    const done = inside.filter(({ ends: [end] }) => end?.o === 'value').length;
    const possible = ((plan.capacity ?? NaN) * (to - from)) / 1000;
    if (done < want.goodput * possible) {
      yield { text: `${done} calls succeeded, ${Math.round(possible)} could have` };
    }

    const used = notes.filter(({ k }) => k === 'memory').map((note) => note.used);
    const grown = Math.max(...used) - (used[0] ?? NaN);
    if (grown > want.memory) yield { text: `Redis took ${(grown / 1048576).toFixed(1)} MB` };

    const calm = [...calls.values()].filter(({ start }) => start > to + want.calmAfter);
    const slow = quantile(
      calm.map(({ start, ends: [end] }) => (end?.o === 'value' ? end.t - start : Infinity)),
      0.99,
    );
    if (slow === undefined || !(slow <= want.calmP99))
      yield { text: `a call in a hundred takes ${slow} ms after the overload` };
  },

  /** Replies reach the other callers as fast as before, except while these callers stand still themselves. */
  *othersP99({ calls, faults, processes }: Model, factor: number): Generator<Finding> {
    const slow = theFault(faults, (fault) => fault.slow === true);
    const calm = theFault(faults, ({ what }) => what === 'calm');
    const delays = (within: FaultSeen) =>
      [...calls.values()].flatMap(({ caller, ends: [end], executions }) => {
        const finish = executions.at(-1)?.finish ?? NaN;
        const counts = caller !== slow.targets[0] && finish >= within.from && finish <= within.to;
        if (!counts || end?.o !== 'value') return [];
        return [end.t - finish - stalledWithin(processes.get(caller), finish, end.t)];
      });
    const before = Math.max(50, quantile(delays(calm), 0.99) ?? NaN);
    const during = quantile(delays(slow), 0.99) ?? NaN;
    if (!(during <= factor * before)) {
      yield { text: `replies took ${Math.round(during)} ms, ${Math.round(before)} ms before` };
    }
  },
};

/** The fault that a scenario is about. */
function theFault(faults: readonly FaultSeen[], is: (fault: FaultSeen) => boolean): FaultSeen {
  const found = faults.find(is);
  if (found === undefined) throw new Error('the fault that the scenario is about is not there');
  return found;
}

export function quantile(values: number[], share: number): number | undefined {
  if (values.length === 0) return undefined;
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * share))];
}
