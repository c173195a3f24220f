import type { LiveService, Paused } from '../operate/index.js';
import { when } from './values.js';

/** What is paused, a line each, for people. */
export function pausedLines({ patterns, instances }: Paused): string[] {
  const lines = patterns.map(({ service, pattern, refuses, ...pause }) => {
    const calls = refuses ? 'calls are refused' : 'calls wait';
    return `paused: ${pattern} of ${service}, ${calls}, ${termOf(pause)}`;
  });
  for (const { service, instance, ...pause } of instances) {
    lines.push(`paused: instance ${instance} of ${service} takes nothing new, ${termOf(pause)}`);
  }
  return lines.length === 0 ? ['nothing is paused'] : lines;
}

function termOf(pause: { at: number; until: number | undefined; reason: string }): string {
  const { at, until, reason } = pause;
  const end = until === undefined ? '' : ` until ${when(until)}`;
  return `since ${when(at)}${end}${reason === '' ? '' : `: ${reason}`}`;
}

export const isPaused = ({ paused, instances }: LiveService): boolean =>
  paused.length > 0 || instances.some((one) => one.paused !== undefined);

/** What is paused of services. */
export const pausedIn = (services: readonly LiveService[]): Paused => ({
  patterns: services.flatMap(({ paused }) => paused),
  instances: services.flatMap(({ instances }) =>
    instances.map(({ paused }) => paused).filter((one) => one !== undefined),
  ),
});
