/** Parts that stand for others on brokers with wildcards: AMQP's and MQTT's `#`, NATS' `>`, MQTT's `+`. */
const WILD = new Set(['#', '>', '+']);
/** Patterns that are named in the warning. */
const NAMED = 5;

/** The warning about patterns that look like wildcards; undefined if there are none. */
export function wildcardWarning(patterns: readonly string[]): string | undefined {
  const wild = patterns.filter(isWild);
  if (wild.length === 0) return undefined;
  const more = wild.length > NAMED ? ` and ${wild.length - NAMED} more` : '';
  const named = wild.slice(0, NAMED).map((pattern) => JSON.stringify(pattern.slice(0, 200)));
  return (
    `patterns with wildcards are not supported yet: ${named.join(', ')}${more} ` +
    `${wild.length === 1 ? 'stands' : 'stand'} for ${wild.length === 1 ? 'itself' : 'themselves'} only`
  );
}

function isWild(pattern: string): boolean {
  // The text of an object: its values are no names.
  if (pattern.startsWith('{')) return false;
  return pattern.includes('*') || pattern.split(/[./]/).some((part) => WILD.has(part));
}
