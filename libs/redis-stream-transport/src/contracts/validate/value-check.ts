import type { ValidationOptions } from '../declare/definition.js';
import { checkShape } from './dto-shape.js';
import { dtoTools, type DtoTools, type ValidatorError } from './dto-tools.js';
import { isRecord, joinPath } from './property-path.js';
import type { StandardResult, StandardSchema } from '../declare/standard-schema.js';
import type { DtoClass } from '../declare/type-spec.js';
import { mismatch, type ValueType } from '../declare/value-type.js';
import type { Violation } from './violation.js';

/** Checks the value at a path: adds what is wrong with it, and returns what the handler gets. */
export type Check = (value: unknown, path: string, violations: Violation[]) => unknown;

/**
 * The check of a type. A promise is returned only where a validator is asked: plain types must not cost
 * calls a turn of the loop.
 */
export function checkOf(type: ValueType, options: ValidationOptions): Check {
  switch (type.kind) {
    case 'any':
      return (value) => value;
    case 'plain':
      return (value, property, violations) => {
        const wanted = mismatch(type.type, value);
        if (wanted !== undefined) violations.push(wrongType(property, wanted));
        return value;
      };
    case 'list':
      return listCheck(checkOf(type.item, options));
    case 'schema':
      return (value, path, violations) => schemaCheck(type.schema, value, path, violations);
    case 'dto':
      return dtoCheck(type.dto, options);
    case 'generic':
      return genericCheck(type.dto, type.fields, options);
  }
}

export function wrongType(property: string, wanted: string): Violation {
  return { property, constraints: { type: `must be ${wanted}` } };
}

function listCheck(check: Check): Check {
  return (value, path, violations) => {
    if (!Array.isArray(value)) {
      violations.push(wrongType(path, 'an array'));
      return value;
    }
    // Holes too, which `map` would skip.
    const items = Array.from(value, (item: unknown, i) => check(item, `${path}[${i}]`, violations));
    return items.some((item) => item instanceof Promise) ? Promise.all(items) : items;
  };
}

function schemaCheck(
  schema: StandardSchema,
  value: unknown,
  path: string,
  violations: Violation[],
): unknown {
  const finish = (result: StandardResult<unknown>): unknown => {
    if (result.issues === undefined) return result.value;
    for (const { message, path: inner = [] } of result.issues) {
      const property = inner.reduce<string>(
        (before, part) => joinPath(before, String(typeof part === 'object' ? part.key : part)),
        path,
      );
      violations.push({ property, constraints: { schema: message } });
    }
    return value;
  };
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(finish) : finish(result);
}

function dtoCheck(dto: DtoClass, options: ValidationOptions): Check {
  // Without it a Map or a Buffer passes for a nested object, and no rule of its class is asked.
  const settings = { forbidUnknownValues: true, ...options, validationError: { target: false } };
  const run = async (
    tools: DtoTools,
    value: object,
    path: string,
    violations: Violation[],
  ): Promise<object> => {
    // A client may be given an instance, of which class-transformer would only make a copy.
    const made = value instanceof dto ? value : tools.make(dto, value);
    if (tools.nested(dto) === undefined) return made;
    const errors = await tools.validate(made, settings);
    for (const error of errors) flatten(error, path, violations);
    if (errors.length === 0) checkShape(tools, made, path, violations);
    return made;
  };
  return (value, path, violations) => {
    if (!isRecord(value)) {
      violations.push(wrongType(path, `an object (${dto.name})`));
      return value;
    }
    const tools = dtoTools();
    return tools instanceof Promise
      ? tools.then((loaded) => run(loaded, value, path, violations))
      : run(tools, value, path, violations);
  };
}

function genericCheck(
  dto: DtoClass,
  fields: ReadonlyMap<string, ValueType>,
  options: ValidationOptions,
): Check {
  const whole = dtoCheck(dto, options);
  const checks = [...fields].map(([name, type]) => [name, checkOf(type, options)] as const);
  return async (value, path, violations) => {
    const made = await whole(value, path, violations);
    if (!isRecord(made)) return made;
    const holder = made as Record<string, unknown>;
    for (const [name, check] of checks) {
      const field = holder[name];
      // Whether it may be missing is for the rules of the class to say.
      if (field === undefined || field === null) continue;
      holder[name] = await check(field, joinPath(path, name), violations);
    }
    return made;
  };
}

function flatten(error: ValidatorError, path: string, violations: Violation[]): void {
  const property = joinPath(path, error.property);
  if (error.constraints !== undefined) {
    violations.push({ property, constraints: error.constraints });
  }
  for (const child of error.children ?? []) flatten(child, property, violations);
}
