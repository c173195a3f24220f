// I10: what is due later is added when it is due, and nothing of it is lost.
import type { Call, Model, Violation } from './seen.js';

/** Milliseconds that a time of the caller and the time of an entry may differ: both are rounded. */
const ROUNDED = 2;
/** Milliseconds after it was due by which what was not lost was handed out, whatever stood still. */
const HANDED_OUT = 10_000;

/**
 * I10. An entry that is due later is in its stream not before that, by Redis' clock, which is the caller's. If it was stored, it
 * is executed, unless Redis has lost its memory since, or the newest part of it.
 */
export function* dueLater({ calls, faults, plan }: Model): Generator<Violation> {
  let executed = 0;
  for (const call of calls.values()) {
    const { id, due, start, ends, executions } = call;
    if (due === undefined) continue;
    for (const { entry } of executions) {
      const early = due - Number.parseInt(entry ?? '', 10);
      if (early > ROUNDED) yield { rule: 'I10', id, text: `added ${early} ms before it was due` };
    }
    if (executions.length > 0) executed++;
    if (!isLost(call)) continue;
    const until = call.event === true ? start + call.timeout + HANDED_OUT : (ends[0]?.t ?? NaN);
    const excused = faults.some(
      ({ excuses, from, to, forgets = 0 }) =>
        excuses === 'open' && from - forgets <= until && to >= start,
    );
    const told = `${ends[0]?.code ?? ends[0]?.o}/${ends[0]?.says ?? ''}`;
    if (!excused) yield { rule: 'I10', id, text: `it was due at ${due}, and was lost: ${told}` };
  }
  const isPlanned = plan.mix.some(({ delay }) => delay !== undefined);
  if (isPlanned && executed === 0) yield { rule: 'I10', text: 'nothing that was due later ran' };
}

/** It was stored, or may have been, and was never handed out; or nobody was told what became of it. */
function isLost({ event, ends: [end], executions }: Call): boolean {
  if (event !== true) return end?.o !== 'value';
  return end?.o !== 'stored' || executions.length === 0;
}
