import type { DtoTools } from './dto-tools.js';
import { isRecord, joinPath } from './property-path.js';
import type { Violation } from './violation.js';

/**
 * Looks for lists, Maps, Sets and bytes where a nested object belongs. class-validator takes a collection
 * for the objects in it, and an empty one for valid; class-transformer leaves bytes as they are.
 */
export function checkShape(
  tools: DtoTools,
  value: object,
  path: string,
  violations: Violation[],
): void {
  for (const { name, holds } of tools.nested(value.constructor) ?? []) {
    const held = (value as Readonly<Record<string, unknown>>)[name];
    // Whether it may be missing is for the rules to say.
    if (held === undefined || held === null) continue;
    const at = joinPath(path, name);
    const items = holds === 'one' ? undefined : itemsOf(held);
    const check = (item: unknown, place: string): void => {
      if (isRecord(item)) checkShape(tools, item, place, violations);
      else violations.push({ property: place, constraints: { type: 'must be an object' } });
    };
    if (items === undefined) check(held, at);
    else for (const [key, item] of items) check(item, joinPath(at, String(key)));
  }
}

function itemsOf(held: unknown): Iterable<readonly [unknown, unknown]> | undefined {
  if (Array.isArray(held)) return held.entries();
  if (held instanceof Set) return [...held].entries();
  return held instanceof Map ? held.entries() : undefined;
}
