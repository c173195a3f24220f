import type { Consumer } from '../engine/consumer/consumer.js';
import type { PatternSpec } from '../engine/consumer/intake/pattern-state.js';
import type { ResolvedServerOptions } from '../options/index.js';
import type { ServedGroup } from './handler-registry.js';
import { wildcardWarning } from './wildcards.js';
import { placeOf } from '../redis/shown.js';

/** Patterns that are named at most, and characters that are shown of each. */
const NAMED = 20;
const SHOWN = 100;

/** Warnings before an instance serves. @param groups the server's own first */
export function startWarnings(
  groups: readonly ServedGroup[],
  { explicitGroup, wildcards }: ResolvedServerOptions,
): string[] {
  const patterns = groups.flatMap(({ specs }) => specs.map(({ pattern }) => pattern));
  const wild = wildcardWarning(patterns, wildcards);
  const heard = [...(groups[0]?.handlers.values() ?? [])];
  const shared =
    !explicitGroup && heard.some((one) => one.events.length + one.broadcasts.length > 0);
  const grouped =
    'There are event handlers and no "group": every service in the group "default" shares its events. ' +
    'Give each service a group of its own.';
  return [...(shared ? [grouped] : []), ...(wild === undefined ? [] : [wild])];
}

/** The line of an instance that serves: where Redis is, without user and password, its names and its patterns. */
export async function startLine(
  { group, redis, shards }: ResolvedServerOptions,
  consumer: Consumer,
  specs: readonly PatternSpec[],
): Promise<string> {
  const server = (await consumer.serverVersion()) ?? 'Redis of a version that it does not tell';
  const parts = shards > 1 ? `, ${shards} shards` : '';
  return (
    `listening: ${server} at ${placeOf(redis)}${parts}, group ${group}, ` +
    `instance ${consumer.instance}, ${patternsOf(specs)}`
  );
}

function patternsOf(specs: readonly PatternSpec[]): string {
  const patterns = [...new Set(specs.map(({ pattern }) => pattern))];
  const named = patterns.slice(0, NAMED).map((pattern) => pattern.slice(0, SHOWN));
  const more = patterns.length > NAMED ? ` and ${patterns.length - NAMED} more` : '';
  const count = patterns.length === 1 ? '1 pattern' : `${patterns.length} patterns`;
  return patterns.length === 0 ? 'no patterns' : `${count}: ${named.join(', ')}${more}`;
}
