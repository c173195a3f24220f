import { ContractError } from './contract-error.js';
import { markParameter } from './marks.js';
import type { TypeSpec } from './type-spec.js';

export interface ArgOptions {
  /** What the parameter is called in descriptions and violations. Default: its name in the source. */
  readonly name?: string;
  /** What it is for. Default: nothing. */
  readonly doc?: string;
}

/**
 * Says of a parameter what the compiler does not tell at run time: the items of an array, the arguments of a
 * generic class, or a Standard Schema. Classes need nothing: the compiler names them (`emitDecoratorMetadata`).
 *
 * @example
 * tag(@Arg(() => [TagDto], { doc: 'at most ten' }) tags: TagDto[])
 */
export function Arg(type: () => TypeSpec, options?: ArgOptions): ParameterDecorator;
export function Arg(options: ArgOptions): ParameterDecorator;
export function Arg(first: (() => TypeSpec) | ArgOptions, second?: ArgOptions): ParameterDecorator {
  const type = typeof first === 'function' ? first : undefined;
  const options = typeof first === 'function' ? (second ?? {}) : first;
  return (target, key, index) => {
    if (key === undefined) {
      throw new ContractError('INVALID_CONTRACT', '@Arg() belongs to parameters of methods');
    }
    markParameter(target, key, index, { type, name: options.name, doc: options.doc });
  };
}
