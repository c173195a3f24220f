import 'reflect-metadata';
import { ContractError } from './contract-error.js';
import type { Declaration } from './remote.js';
import type { ValueType } from './value-type.js';

export type MethodKind = 'command' | 'event' | 'streamed';

/** Any class that describes a contract whose methods are those of `C`. */
export type ContractClass<C extends object = object> = abstract new (...args: never[]) => C;

/** An error class that callers get back as itself. */
export type ErrorClass = abstract new (...args: never[]) => Error;

export interface ParameterDefinition {
  /** As in the source where it can be read there, else `arg0`; for people, never compared. */
  readonly name: string;
  readonly doc: string | undefined;
  /** May be left out. */
  readonly optional: boolean;
  /** Takes all further arguments; `type` is that of one of them. */
  readonly rest: boolean;
  /** Read late: classes may refer to each other before they are defined. */
  readonly type: () => ValueType;
}

export interface MethodDefinition {
  readonly name: string;
  readonly kind: MethodKind;
  /** What travels: `<namespace>.<contract>.<method>`. */
  readonly pattern: string;
  readonly doc: string | undefined;
  readonly parameters: readonly ParameterDefinition[];
  /** Indexes of parameters whose defaults the service fills in. */
  readonly defaults: readonly number[];
  readonly body: Declaration;
  /** The result, or one value of a streamed one; any if it was not named. */
  readonly returns: () => ValueType;
  /** The service checks results before they are sent. */
  readonly validateResult: boolean;
}

/** Options of class-validator that both sides of a contract check with. */
export interface ValidationOptions {
  /** Drops properties without a rule. Default: false. */
  readonly whitelist?: boolean;
  /** Refuses properties without a rule; then no field can be added before every server has it. Default: false. */
  readonly forbidNonWhitelisted?: boolean;
  /** Refuses objects of which no rule is known. Default: true. */
  readonly forbidUnknownValues?: boolean;
  readonly skipMissingProperties?: boolean;
  readonly stopAtFirstError?: boolean;
  readonly groups?: string[];
}

export interface ContractDefinition {
  readonly name: string;
  readonly version: string;
  readonly namespace: string | undefined;
  /** What the patterns of its methods begin with, without the last dot. */
  readonly prefix: string;
  readonly doc: string | undefined;
  readonly methods: ReadonlyMap<string, MethodDefinition>;
  readonly errors: readonly ErrorClass[];
  readonly validation: ValidationOptions;
}

/** What a contract is announced as and what its patterns begin with: `<namespace>.<name>`. */
export function prefixOf({
  name,
  namespace,
}: {
  readonly name: string;
  readonly namespace?: string | undefined;
}): string {
  return namespace === undefined ? name : `${namespace}.${name}`;
}

const CONTRACT = Symbol.for('nestjs-redis-streams.contract');

export function define(contract: ContractClass, definition: ContractDefinition): void {
  Reflect.defineMetadata(CONTRACT, definition, contract);
}

/**
 * What `@Contract` made of a class.
 * @throws ContractError INVALID_CONTRACT if the class itself has no `@Contract`
 */
export function definitionOf(contract: ContractClass): ContractDefinition {
  const found = Reflect.getOwnMetadata(CONTRACT, contract) as ContractDefinition | undefined;
  if (found !== undefined) return found;
  throw new ContractError('INVALID_CONTRACT', `${contract.name} has no @Contract()`);
}
