import type {
  MethodDefinition,
  ParameterDefinition,
  ValidationOptions,
} from '../declare/definition.js';
import { fillDefaults } from '../declare/remote.js';
import { checkOf, wrongType, type Check } from './value-check.js';
import { ContractValidationError, type Violation } from './violation.js';

/** Checks the arguments of one method, on either side. */
export class MethodArguments {
  private checks: readonly Check[] | undefined;

  constructor(
    private readonly method: MethodDefinition,
    private readonly options: ValidationOptions,
  ) {}

  /**
   * What is sent for a call: the arguments themselves, since the service transforms them. Arguments that
   * were left out at the end are left out.
   * @throws ContractValidationError, or rejects with it
   */
  outgoing(given: readonly unknown[]): readonly unknown[] | Promise<readonly unknown[]> {
    const args = withoutLeftOut(given, this.method.parameters);
    const checked = this.check(args, args.length);
    return checked instanceof Promise ? checked.then(() => args) : args;
  }

  /**
   * What the handler gets: defaults filled in, instances of the classes, outputs of the schemas.
   * @param data what arrived, after the codec
   * @throws ContractValidationError, or rejects with it
   */
  incoming(data: unknown): readonly unknown[] | Promise<readonly unknown[]> {
    if (!Array.isArray(data)) {
      const violation = wrongType('arguments', 'a list: one argument per parameter');
      throw new ContractValidationError(this.method.pattern, [violation]);
    }
    const args = data as readonly unknown[];
    const { defaults, body } = this.method;
    const lacking = defaults.some((index) => args[index] === undefined);
    return this.check(lacking ? (fillDefaults(body, args) ?? args) : args, args.length);
  }

  /** @param given how many were given, without those that defaults added */
  private check(
    args: readonly unknown[],
    given: number,
  ): readonly unknown[] | Promise<readonly unknown[]> {
    const { parameters, pattern } = this.method;
    const checks = (this.checks ??= parameters.map(({ type }) => checkOf(type(), this.options)));
    const violations: Violation[] = [];
    const results: unknown[] = [];
    let waits = false;
    for (const [i, parameter] of parameters.entries()) {
      const { name, optional, rest } = parameter;
      // A rest parameter takes what is left, another one argument.
      for (let at = i; rest ? at < given : at === i; at++) {
        const value = args[at];
        const path = rest ? `${name}[${at - i}]` : name;
        if (at >= given && !optional) {
          violations.push({ property: path, constraints: { required: 'must be given' } });
        } else if (value === undefined && mayLack(parameter)) {
          results.push(undefined);
        } else {
          const result = (checks[i] as Check)(value, path, violations);
          waits ||= result instanceof Promise;
          results.push(result);
        }
      }
    }
    if (given > parameters.length && parameters.at(-1)?.rest !== true) {
      violations.push(tooMany(given, parameters.length));
    }
    if (!waits) return judged(pattern, results, violations);
    return Promise.all(results).then((all) => judged(pattern, all, violations));
  }
}

/** The arguments without optional ones at the end that are undefined. */
export function withoutLeftOut(
  given: readonly unknown[],
  parameters: readonly { readonly optional?: boolean }[],
): readonly unknown[] {
  let { length } = given;
  while (given[length - 1] === undefined && parameters[length - 1]?.optional === true) length--;
  return length === given.length ? given : given.slice(0, length);
}

/** Undefined is a value where nothing is known of the type. */
function mayLack({ optional, type }: ParameterDefinition): boolean {
  return optional || type().kind === 'any';
}

function judged(
  pattern: string,
  args: readonly unknown[],
  violations: readonly Violation[],
): readonly unknown[] {
  if (violations.length > 0) throw new ContractValidationError(pattern, violations);
  return args;
}

function tooMany(given: number, most: number): Violation {
  return {
    property: 'arguments',
    constraints: { count: `must be ${most} at most, not ${given}` },
  };
}
