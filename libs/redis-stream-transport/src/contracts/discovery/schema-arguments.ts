import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { ArgumentCheck } from '../call/method-calls.js';
import { withoutLeftOut } from '../validate/method-arguments.js';
import { joinPath } from '../validate/property-path.js';
import { toRich } from '../wire/rich-json.js';
import { argumentsSchema, type MethodSchema } from '../schema/contract-schema.js';
import type { SchemaDefs } from '../schema/json-schema.js';
import { ContractValidationError, type Violation } from '../validate/violation.js';
import type { SchemaTools } from './schema-tools.js';

/** Checks the arguments of a method, as they would travel, against the schema that its service announces. */
export class SchemaArguments implements ArgumentCheck {
  private validate: ValidateFunction | undefined;

  constructor(
    private readonly method: MethodSchema,
    private readonly defs: SchemaDefs,
    private readonly tools: SchemaTools,
  ) {}

  /**
   * @returns the arguments themselves, without those at the end that were left out
   * @throws ContractValidationError
   */
  outgoing(given: readonly unknown[]): readonly unknown[] {
    const { parameters, pattern } = this.method;
    const args = withoutLeftOut(given, parameters);
    const validate = (this.validate ??= this.tools.compile(
      argumentsSchema(this.method, this.defs),
    ));
    // As it travels: properties that are undefined are left out.
    if (validate(JSON.parse(JSON.stringify(toRich(args))))) return args;
    throw new ContractValidationError(pattern, this.violations(validate.errors ?? [], args.length));
  }

  private violations(errors: readonly ErrorObject[], given: number): Violation[] {
    const found = new Map<string, Record<string, string>>();
    for (const { instancePath, schemaPath, keyword, message = '', params } of errors) {
      // An optional argument may also be written as missing: errors about that choice do not help.
      if (/^#\/prefixItems\/\d+\/anyOf(?:\/1\b|$)/.test(schemaPath)) continue;
      const { missingProperty, additionalProperty } = params as Named;
      const inner = missingProperty ?? additionalProperty;
      const keys = instancePath.split('/').slice(1).map(unescaped);
      const path = this.path(inner === undefined ? keys : [...keys, inner], given);
      found.set(path, { ...found.get(path), [keyword]: message });
    }
    return [...found].map(([property, constraints]) => ({ property, constraints }));
  }

  /** The path of a violation: it begins with the name of the parameter. */
  private path([first, ...rest]: readonly string[], given: number): string {
    const { parameters } = this.method;
    const index = Number(first ?? given);
    const last = parameters.length - 1;
    const parameter = parameters[index] ?? parameters[last];
    let path = parameter?.name ?? 'arguments';
    if (index > last && parameter?.rest !== true) path = 'arguments';
    else if (parameter?.rest === true) path = `${path}[${index - last}]`;
    for (const key of rest) path = joinPath(path, key);
    return path;
  }
}

/** Where an error is about a property of the value rather than the value. */
interface Named {
  readonly missingProperty?: string;
  readonly additionalProperty?: string;
}

/** JSON Pointer. */
function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}
