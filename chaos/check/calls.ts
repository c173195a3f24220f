// I1 and I2: every call has one outcome, in time, and the outcome is true.
import {
  executionsFor,
  stalledWithin,
  type Execution,
  type Model,
  type Violation,
} from './model.js';

/** Milliseconds after its deadline by which a call has ended. */
const LATE = 250;

/**
 * I1. A call ends once, no later than 250 ms after its deadline. Time in which the caller's own event loop
 * stood still is measured, and does not count: such a process cannot be told anything.
 */
export function* oneOutcomeInTime({
  calls,
  processes,
  plan,
  aborted,
}: Model): Generator<Violation> {
  for (const call of calls.values()) {
    const { id, caller, start, timeout, ends } = call;
    if (Number.isNaN(start)) {
      yield { rule: 'I1', id, text: 'an outcome of a call that was never made' };
      continue;
    }
    const [first] = ends;
    if (first === undefined) {
      yield { rule: 'I1', id, text: `no outcome; it was made at ${start}` };
      continue;
    }
    if (ends.length > 1) {
      yield {
        rule: 'I1',
        id,
        text: `${ends.length} outcomes: ${ends.map(({ o }) => o).join(', ')}`,
      };
    }
    const deadline = start + timeout;
    const { t } = first;
    if (t <= deadline + LATE) continue;
    const late = t - deadline - stalledWithin(processes.get(caller), deadline, t);
    if (late > LATE)
      yield { rule: 'I1', id, text: `ended ${Math.round(late)} ms after its deadline` };
  }
  if (aborted) yield { rule: 'I1', text: `the run broke off: ${aborted}` };
  if (calls.size < plan.calls) {
    yield { rule: 'I1', text: `only ${calls.size} of ${plan.calls} calls were made` };
  }
}

/** I2. A call that ended as `not-run` was not executed, and one that succeeded was; an event that was stored was handled. */
export function* truth(model: Model): Generator<Violation> {
  const { calls, strays, faults } = model;
  const mayForget = faults.some(({ excuses }) => excuses === 'open');
  for (const call of calls.values()) {
    const { id, ends, executions, event, due } = call;
    // Of what is due later I10 tells.
    const isHeard = executions.some(isFinished);
    if (event === true && due === undefined && ends[0]?.o === 'stored' && !isHeard && !mayForget)
      yield { rule: 'I2', id, text: 'an event was stored, but no handler finished it' };
    for (const end of ends) {
      const [first] = executions;
      if (end.says === 'not-run' && first !== undefined) {
        const { process } = first;
        yield {
          rule: 'I2',
          id,
          text: `told ${end.code}, certainly not run, but ran in ${process}`,
        };
      }
      if (end.o === 'value' && !executionsFor(model, call).some(isFinished)) {
        yield { rule: 'I2', id, text: 'succeeded, but no handler finished it' };
      }
      if (end.at === 'same-turn' && executions.length > 0) {
        yield { rule: 'I2', id, text: 'unsubscribed in the turn that made it, but was executed' };
      }
    }
  }
  for (const { id, process } of strays) {
    yield { rule: 'I2', id, text: `executed in ${process}, but nobody called` };
  }
}

const isFinished = ({ finish }: Execution) => !Number.isNaN(finish);
