import { isGlob } from '../protocol/glob.js';

/** Parts that stand for others on brokers with wildcards: AMQP's and MQTT's `#`, NATS' `>`, MQTT's `+`. */
const WILD = new Set(['#', '>', '+']);
/** Patterns that are named in the warning. */
const NAMED = 5;

/**
 * The warning about patterns that look as if they stood for others, and do not; undefined if there are none.
 * @param wildcards those of Redis do
 */
export function wildcardWarning(
  patterns: readonly string[],
  wildcards: boolean,
): string | undefined {
  const wild = patterns.filter((pattern) => isWild(pattern, wildcards));
  if (wild.length === 0) return undefined;
  const more = wild.length > NAMED ? ` and ${wild.length - NAMED} more` : '';
  const named = wild.slice(0, NAMED).map((pattern) => JSON.stringify(pattern.slice(0, 200)));
  const [verb, self] = wild.length === 1 ? ['stands', 'itself'] : ['stand', 'themselves'];
  const hint = wildcards
    ? 'wildcards are `*`, `?` and `[…]`'
    : 'with the option `wildcards`, `*`, `?` and `[…]` stand for others';
  return `${named.join(', ')}${more} ${verb} for ${self} only: ${hint}`;
}

function isWild(pattern: string, wildcards: boolean): boolean {
  // The text of an object: its values are no names.
  if (pattern.startsWith('{') || (wildcards && isGlob(pattern))) return false;
  return pattern.includes('*') || pattern.split(/[./]/).some((part) => WILD.has(part));
}
