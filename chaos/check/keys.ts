// I11: calls that share an idempotency key share one execution and its answer.
import { isExcused, nameOf, onlyForgetful, places } from './executions.js';
import type { Call, End, Execution, Model, Violation } from './model.js';

const REFUSED = 'IDEMPOTENCY_MISMATCH';

/**
 * I11. All calls with one key that are answered with a value are answered with the same. After the first of these answers no
 * handler begins with the key, unless Redis has forgotten the result. Before it a handler begins only if none runs with the key and
 * none has finished with it, unless a fault hit each of those. A call is refused only if one
 * with other data had its key.
 */
export function* sharedKeys(model: Model): Generator<Violation> {
  let replayed = 0;
  for (const [key, calls] of model.keyed) {
    const all = together(calls);
    yield* answers(model, key, all);
    yield* handlers(model, key, all);
    const ofAnother = ({ ends: [end], executions }: Call) =>
      end?.o === 'value' && !executions.some((execution) => nameOf(execution) === end.by);
    replayed += calls.filter(ofAnother).length;
  }
  yield* refusals(model);
  const isPlanned = model.plan.mix.some(({ again }) => again !== undefined);
  if (isPlanned && replayed === 0)
    yield { rule: 'I11', text: 'no call was answered with the result of another one' };
}

/** The calls with one key as one call: its outcome is the first value that any of them got. */
interface Together extends Call {
  readonly values: readonly (End & { readonly id: string })[];
}

function together(calls: readonly Call[]): Together {
  const values = calls
    .flatMap(({ id, ends: [end] }) => (end?.o === 'value' ? [{ ...end, id }] : []))
    .sort((a, b) => a.t - b.t);
  return {
    ...(calls[0] as Call),
    start: Math.min(...calls.map(({ start }) => start)),
    ends: values.slice(0, 1),
    executions: calls.flatMap(({ executions }) => executions).sort((a, b) => a.begin - b.begin),
    values,
  };
}

/** A second value is a second result: only one is stored, unless Redis has forgotten it. */
function* answers({ faults }: Model, key: string, all: Together): Generator<Violation> {
  const [first] = all.values;
  for (const value of all.values) {
    if (value.by === first?.by && value.r === first?.r) continue;
    const i = all.executions.findIndex((execution) => nameOf(execution) === value.by);
    if (isExcused(all, onlyForgetful(faults), i)) continue;
    const text = `answered by ${value.by}, but ${first?.id} with the same key ${key} by ${first?.by}`;
    yield { rule: 'I11', id: value.id, text };
  }
}

function* handlers({ faults }: Model, key: string, all: Together): Generator<Violation> {
  const answered = all.ends[0]?.t ?? Infinity;
  for (const [i, execution] of all.executions.entries()) {
    const { id, begin } = execution;
    if (begin > answered) {
      if (isExcused(all, onlyForgetful(faults), i)) continue;
      const text = `began in ${nameOf(execution)} ${Math.round(begin - answered)} ms after the key ${key} was answered`;
      yield { rule: 'I11', id, text };
      continue;
    }
    const unexcused = (before: Execution) =>
      !isExcused({ ...all, executions: [before, execution] }, faults, 1);
    const wrong = all.executions.slice(0, i).filter(
      // The one before it, and those that run yet. What ran before these was repeated by these.
      (before, at) => (at === i - 1 || !(before.finish <= begin)) && unexcused(before),
    );
    if (wrong.length > 0) {
      const text = `the key ${key} ran more than once without cause: ${places([...wrong, execution])}`;
      yield { rule: 'I11', id, text };
    }
  }
}

/** A call is refused for its key only if a call with other data had that before: one that was not refused itself. */
function* refusals({ calls, keyed }: Model): Generator<Violation> {
  for (const { id, key, q, ends } of calls.values()) {
    for (const { code, t } of ends) {
      if (code !== REFUSED) continue;
      const others = key === undefined ? [] : (keyed.get(key) ?? []);
      if (!others.some((call) => call.q !== q && call.start <= t && mayHaveHad(call)))
        yield { rule: 'I11', id, text: 'refused, although nobody had its key with other data' };
    }
  }
}

const mayHaveHad = ({ ends: [end], executions }: Call) =>
  executions.length > 0 || end?.code !== REFUSED;
