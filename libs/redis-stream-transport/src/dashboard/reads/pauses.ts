import {
  pauseInstance,
  pausePattern,
  resumeInstance,
  resumePattern,
  type PauseResult,
} from '../../operate/index.js';
import type { RedisStreamsClientOptions } from '../../options/index.js';
import { neededText, numberIn, textIn, type Input } from './input.js';

/** Lets nothing new of a pattern start, or an instance take nothing new, for so long or until it is resumed. */
export function pause(place: RedisStreamsClientOptions, input: Input): Promise<PauseResult> {
  const [service, instance] = [neededText(input, 'service'), textIn(input, 'instance')];
  const [minutes, reason] = [numberIn(input, 'minutes'), textIn(input, 'reason')];
  const request = {
    service,
    ...(minutes === undefined ? {} : { until: Date.now() + minutes * 60_000 }),
    ...(reason === undefined ? {} : { reason }),
  };
  if (instance !== undefined) return pauseInstance(place, { ...request, instance });
  const refuse = input['refuse'] === true;
  return pausePattern(place, { ...request, pattern: neededText(input, 'pattern'), refuse });
}

export function resume(place: RedisStreamsClientOptions, input: Input): Promise<PauseResult> {
  const [service, instance] = [neededText(input, 'service'), textIn(input, 'instance')];
  if (instance !== undefined) return resumeInstance(place, { service, instance });
  return resumePattern(place, { service, pattern: neededText(input, 'pattern') });
}
