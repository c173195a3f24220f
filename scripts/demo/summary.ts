// Prints what the run has shown, and whether that is what the demo promises.

import type { CallSummary } from './client.js';
import type { Counts } from './accounts.js';

/** What a run has shown. */
export interface DemoResult extends Omit<CallSummary, 'events'> {
  /** Calls that were begun more than once. */
  readonly duplicated: number;
  readonly beforeKill: Counts;
  readonly afterJoin: Counts;
  /** Events that were sent, and how many of them each service has handled. */
  readonly events: { readonly sent: number; readonly handled: Counts };
  /** Names of the instance that was killed and of the one that joined. */
  readonly killed: string;
  readonly joined: string;
}

/** What is wrong with the run; empty if it was a success. */
export function shortcomings(result: DemoResult): string[] {
  const { sent, answered, failed, lost, events, joined, afterJoin } = result;
  const found: string[] = [];
  if (failed > 0) found.push(`${failed} calls failed`);
  if (lost > 0) found.push(`${lost} calls were lost`);
  if (answered + failed + lost !== sent) found.push('not every call is accounted for');
  if (!afterJoin[joined]) found.push(`${joined} has answered nothing`);
  for (const [service, handled] of Object.entries(events.handled))
    if (handled !== events.sent)
      found.push(`"${service}" handled ${handled} of ${events.sent} events`);
  return found;
}

export function* summaryLines(result: DemoResult): Generator<string> {
  const { sent, answered, failed, lost, duplicated, events, killed, joined } = result;
  yield '';
  yield `${sent} calls: ${answered} answered, ${failed} failed, ${lost} lost`;
  if (duplicated > 0)
    yield `  ${duplicated} of them were begun again elsewhere, since ${killed} died before it had answered`;
  yield `  half were answered within ${result.p50ms} ms, 99 % within ${result.p99ms} ms`;
  yield `  before ${killed} was killed: ${counts(result.beforeKill)}`;
  yield `  after ${joined} had joined:  ${counts(result.afterJoin)}`;
  yield `  in all:                    ${counts(result.perInstance)}`;
  yield `${events.sent} events, handled by each service: ${counts(events.handled)}`;
}

function counts(map: Counts): string {
  return Object.entries(map)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');
}
