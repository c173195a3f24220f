// What a scenario may expect of dead letters.
import type { LetterFound } from '../fleet/inspection.js';
import type { Finding, Model, ProcessSeen } from './model.js';

/** Milliseconds within which an unreadable entry is given up after an instance could read it. */
const GIVEN_UP = 1000;

export const letterRules = {
  /**
   * Unreadable entries are given up at their first delivery (or later, if the instance that had them was
   * killed), entries that kill their process at the last permitted delivery, and no others ever.
   */
  *deadLetters(model: Model, deliveries: number): Generator<Finding> {
    const { quiet, notes, calls } = model;
    const letters = new Map<string | undefined, LetterFound>();
    for (const letter of quiet?.dead ?? []) {
      if (letters.has(letter.tag)) yield { id: letter.tag, text: 'two dead letters' };
      letters.set(letter.tag, letter);
    }
    for (const { tag, kind, t } of notes.filter(({ k }) => k === 'bad')) {
      const letter = letters.get(tag);
      if (letter === undefined) yield { id: tag, text: `${kind}: no dead letter` };
      else if (letter.deliveries < 1 || letter.deliveries > 1 + deathsInTurn(model, t))
        yield { id: tag, text: `${kind}: given up at ${letter.deliveries}` };
      letters.delete(tag);
    }
    for (const { id, act, ends, executions } of calls.values()) {
      if (act !== 'die') {
        if (ends[0]?.code === 'DEAD_LETTERED')
          yield { id, text: 'an innocent call became a dead letter' };
        continue;
      }
      if (!letters.has(id)) yield { id, text: `poison (${ends[0]?.code}): no dead letter` };
      // An entry loses a delivery even if another entry killed the process before this one could start.
      if (executions.length === 0 || executions.length > deliveries)
        yield { id, text: `poison ran ${executions.length} times` };
      letters.delete(id);
    }
    for (const tag of letters.keys()) yield { id: tag, text: 'a dead letter of something else' };
  },
};

/**
 * How many instances may have held an entry that was added at `t` when they died: the first one from the moment
 * in which an instance could read the entry, each further one from the moment in which it could be taken over.
 */
function deathsInTurn({ plan, processes }: Model, t: number): number {
  const services = [...processes.values()].filter(({ kind }) => kind === 'service');
  const deaths = services
    .flatMap(({ exit }) => (exit !== undefined && exit.expected === undefined ? [exit.t] : []))
    .sort((a, b) => a - b);
  let until = readableFrom(services, t) + GIVEN_UP;
  let from = t;
  let count = 0;
  for (const death of deaths) {
    if (death < from || death > until) continue;
    count++;
    from = death;
    until = readableFrom(services, death) + 2 * plan.leaseTtl + GIVEN_UP;
  }
  return count;
}

/** The first moment from `t` on at which an instance was up. */
function readableFrom(services: readonly ProcessSeen[], t: number): number {
  const ups = services
    .filter(({ exit }) => exit === undefined || exit.t > t)
    .flatMap(({ up }) => (up === undefined ? [] : [Math.max(up, t)]));
  return Math.min(...ups);
}
