import 'reflect-metadata';
import type { MethodKind } from './definition.js';
import type { TypeSpec } from './type-spec.js';

/** What a method's decorator says. */
export interface MethodMark {
  readonly kind: MethodKind;
  readonly doc: string | undefined;
  readonly optional: number;
  readonly rest: (() => TypeSpec) | undefined;
  readonly returns: (() => TypeSpec) | undefined;
  readonly validateResult: boolean;
}

/** What a parameter's decorator says. */
export interface ParameterMark {
  readonly type: (() => TypeSpec) | undefined;
  readonly name: string | undefined;
  readonly doc: string | undefined;
}

const METHOD = Symbol.for('nestjs-redis-streams.contract.method');
const PARAMETERS = Symbol.for('nestjs-redis-streams.contract.parameters');

export function markMethod(target: object, key: string | symbol, mark: MethodMark): void {
  Reflect.defineMetadata(METHOD, mark, target, key);
}

/** Inherited marks too: a contract may extend another class. */
export function methodMark(target: object, key: string): MethodMark | undefined {
  return Reflect.getMetadata(METHOD, target, key) as MethodMark | undefined;
}

export function markParameter(
  target: object,
  key: string | symbol,
  index: number,
  mark: ParameterMark,
): void {
  const before = Reflect.getOwnMetadata(PARAMETERS, target, key) as ParameterMarks | undefined;
  Reflect.defineMetadata(PARAMETERS, new Map(before).set(index, mark), target, key);
}

type ParameterMarks = ReadonlyMap<number, ParameterMark>;

export function parameterMarks(target: object, key: string): ParameterMarks {
  return (Reflect.getMetadata(PARAMETERS, target, key) as ParameterMarks | undefined) ?? new Map();
}
