import { canonical, type JsonSchema } from './json-schema.js';

/** Bounds that shut more out the higher they are. */
const FLOORS = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'] as const;
/** And the lower they are. */
const CEILINGS = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'] as const;
/** Of these only equality is compared. */
const EXACT = ['pattern', 'format', 'multipleOf', 'uniqueItems'] as const;

/** Which values that may be sent are not taken, in words. */
export function narrowerBounds(sent: JsonSchema, taken: JsonSchema): string[] {
  const texts: string[] = [];
  for (const bound of FLOORS) {
    const [from, to] = [sent[bound], taken[bound]];
    if (to !== undefined && (from === undefined || from < to)) texts.push(change(bound, from, to));
  }
  for (const bound of CEILINGS) {
    const [from, to] = [sent[bound], taken[bound]];
    if (to !== undefined && (from === undefined || from > to)) texts.push(change(bound, from, to));
  }
  for (const rule of EXACT) {
    const [from, to] = [sent[rule], taken[rule]];
    if (to !== undefined && to !== from) texts.push(change(rule, from, to));
  }
  const values = taken.enum?.map((value) => canonical(value));
  if (values !== undefined) {
    const lost = sent.enum?.map((value) => canonical(value)).filter((one) => !values.includes(one));
    if (lost === undefined) texts.push(`became one of ${canonical(taken.enum)}`);
    else if (lost.length > 0) texts.push(`${lost.join(', ')} is not taken any more`);
  }
  for (const rule of taken['x-rules'] ?? []) {
    if (sent['x-rules']?.includes(rule) !== true) texts.push(`became subject to ${rule}`);
  }
  return texts;
}

type Bound = string | number | boolean;

function change(name: string, from: Bound | undefined, to: Bound): string {
  return `${name} ${from === undefined ? 'is' : `${String(from)} became`} ${String(to)}`;
}
