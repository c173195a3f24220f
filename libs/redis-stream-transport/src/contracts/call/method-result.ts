import { dtoTools, type DtoTools } from '../validate/dto-tools.js';
import { isRecord } from '../validate/property-path.js';
import type { ValueType } from '../declare/value-type.js';

/**
 * A result on the caller's side: instances where the contract names a class. It is not validated here: the service
 * does that, if the method has `validateResult`.
 */
export function readResult(value: unknown, type: ValueType): unknown {
  if (!makesInstances(type)) return value;
  const tools = dtoTools();
  if (tools instanceof Promise) return tools.then((loaded) => read(loaded, value, type));
  return read(tools, value, type);
}

function makesInstances(type: ValueType): boolean {
  if (type.kind === 'list') return makesInstances(type.item);
  return type.kind === 'dto' || type.kind === 'generic';
}

function read(tools: DtoTools, value: unknown, type: ValueType): unknown {
  if (type.kind === 'list') {
    return Array.isArray(value) ? value.map((item) => read(tools, item, type.item)) : value;
  }
  if ((type.kind !== 'dto' && type.kind !== 'generic') || !isRecord(value)) return value;
  const made = tools.make(type.dto, value) as Record<string, unknown>;
  if (type.kind === 'dto') return made;
  for (const [name, field] of type.fields) made[name] = read(tools, made[name], field);
  return made;
}
