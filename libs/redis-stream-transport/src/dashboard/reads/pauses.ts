import {
  pauseInstance,
  pausePattern,
  resumeInstance,
  resumePattern,
  type KeptConnections,
  type PauseResult,
} from '../../operate/index.js';
import { neededText, numberIn, textIn, type Input } from './input.js';

/** Lets nothing new of a pattern start, or an instance take nothing new, for so long or until it is resumed. */
export function pause(kept: KeptConnections, input: Input): Promise<PauseResult> {
  const [service, instance] = [neededText(input, 'service'), textIn(input, 'instance')];
  const [minutes, reason] = [numberIn(input, 'minutes'), textIn(input, 'reason')];
  const request = {
    service,
    ...(minutes === undefined ? {} : { until: Date.now() + minutes * 60_000 }),
    ...(reason === undefined ? {} : { reason }),
  };
  if (instance !== undefined) return pauseInstance(kept, { ...request, instance });
  const refuse = input['refuse'] === true;
  return pausePattern(kept, { ...request, pattern: neededText(input, 'pattern'), refuse });
}

export function resume(kept: KeptConnections, input: Input): Promise<PauseResult> {
  const [service, instance] = [neededText(input, 'service'), textIn(input, 'instance')];
  if (instance !== undefined) return resumeInstance(kept, { service, instance });
  return resumePattern(kept, { service, pattern: neededText(input, 'pattern') });
}
