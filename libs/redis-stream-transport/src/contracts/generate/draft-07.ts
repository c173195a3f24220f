import { MAX_DEPTH } from '../../protocol/limits.js';
import { DEFS } from '../schema/json-schema.js';

/**
 * A schema of JSON Schema 2020-12 in the words of draft 07, which AsyncAPI uses: tuples are written
 * otherwise, and definitions stand with the components.
 */
export function draft07(schema: unknown, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (depth > 2 * MAX_DEPTH) return {};
  if (Array.isArray(schema)) return schema.map((part: unknown) => draft07(part, depth + 1));
  const written: Record<string, unknown> = {};
  for (const [key, held] of Object.entries(schema)) {
    if (key === '$schema') continue;
    if (key === '$ref') {
      // Others lead to files and hosts, which a reader of the document would open at a stranger's word.
      if (String(held).startsWith(DEFS)) {
        written[key] = `#/components/schemas/${String(held).slice(DEFS.length)}`;
      }
    } else if (key === 'enum' || key === 'const' || key === 'default' || key === 'required') {
      written[key] = held as unknown;
    } else if (key === 'prefixItems') {
      written['items'] = draft07(held, depth + 1);
    } else if (key === 'items' && 'prefixItems' in schema) {
      written['additionalItems'] = draft07(held, depth + 1);
    } else if (key === 'items' && held === false) {
      written['maxItems'] = 0;
    } else {
      written[key] = draft07(held, depth + 1);
    }
  }
  return written;
}
