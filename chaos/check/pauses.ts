// What a scenario may expect of pauses.
import type { FaultSeen, Finding, Model } from './model.js';

export const pauseRules = {
  /**
   * Nothing of a paused pattern starts, and nothing at all at a paused instance, from the moment when it is applied; the
   * others go on. What is refused is refused as PAUSED, and there is some of it: what ran, I2 knows.
   */
  *pausesHold({ calls, faults }: Model): Generator<Finding> {
    const pauses = faults.filter(({ appliedAfter }) => appliedAfter !== undefined);
    if (pauses.length === 0) yield { text: 'nothing was paused' };
    for (const fault of pauses) {
      const { what, paused, from, to, targets } = fault;
      const named = `${what} of ${paused?.pattern ?? targets.join(', ')} at ${from}`;
      let others = 0;
      let refused = 0;
      for (const { id, pattern, start, ends, executions } of calls.values()) {
        for (const { begin, process } of executions) {
          if (begin < appliedAt(fault) || begin > to) continue;
          const isHeld =
            paused === undefined ? targets.includes(process) : paused.pattern === pattern;
          if (!isHeld) others++;
          else yield { id, text: `started in ${process} at ${begin}, in spite of ${named}` };
        }
        const isRefused = ends[0]?.code === 'PAUSED' && pattern === paused?.pattern;
        if (isRefused && start >= from && start <= to) refused++;
      }
      if (others === 0) yield { text: `nothing else started during ${named}` };
      if (paused?.refuse === true && refused === 0)
        yield { text: `nobody was refused by ${named}` };
    }
    for (const { id, pattern, ends } of calls.values()) {
      const [end] = ends;
      if (end?.code !== 'PAUSED') continue;
      const isMeant = pauses.some(
        ({ paused }) => paused?.refuse === true && paused.pattern === pattern,
      );
      if (!isMeant) yield { id, text: `refused as PAUSED, but nobody wanted ${pattern} refused` };
    }
  },
};

const appliedAt = ({ from, appliedAfter = 0 }: FaultSeen): number => from + appliedAfter;
