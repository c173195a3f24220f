import 'reflect-metadata';
import { ContractError } from './contract-error.js';
import type { ContractClass, MethodDefinition, ParameterDefinition } from './definition.js';
import { parameterMarks, type MethodMark } from './marks.js';
import { parameterNames } from './parameter-names.js';
import { readSignature, type Declaration } from './remote.js';
import { ANY, valueType, type ValueType } from './value-type.js';

/** A method as it is declared in the class of a contract. */
export interface DeclaredMethod {
  readonly contract: ContractClass;
  readonly key: string;
  readonly body: Declaration;
  readonly mark: MethodMark;
  readonly pattern: string;
}

/**
 * Puts together what the body, the compiler and the decorators tell of a method.
 * @throws ContractError INVALID_CONTRACT
 */
export function describeMethod(declared: DeclaredMethod): MethodDefinition {
  const { key, body, mark, pattern } = declared;
  const place = placeOf(declared);
  const { parameters, defaults } = describeParameters(declared);
  const { kind, doc, returns, validateResult } = mark;
  if (validateResult && returns === undefined) {
    throw wrong(place, 'it has "validateResult" and no "returns" to check with');
  }
  return {
    name: key,
    kind,
    pattern,
    doc,
    parameters,
    defaults,
    body,
    returns: once(() => (returns === undefined ? ANY : valueType(returns(), `result of ${place}`))),
    validateResult,
  };
}

/** The parameters, and which of them the body gives a default. */
function describeParameters(
  declared: DeclaredMethod,
): Pick<MethodDefinition, 'parameters' | 'defaults'> {
  const { contract, key, body, mark } = declared;
  const place = placeOf(declared);
  const signature = readSignature(body);
  if (signature === undefined) {
    throw wrong(
      place,
      'its body must be "return remote(…)" with all its parameters in their order',
    );
  }
  const { fixed, rest, defaults } = signature;
  const total = rest ? fixed + 1 : fixed;
  const prototype = contract.prototype as object;
  const emitted = Reflect.getMetadata('design:paramtypes', prototype, key) as
    readonly unknown[] | undefined;
  if (emitted !== undefined && emitted.length !== total) {
    throw wrong(place, `it has ${emitted.length} parameters and passes ${total} to remote()`);
  }
  const marks = parameterMarks(prototype, key);
  const names = parameterNames(body, total);
  const parameters = names.map((name, i): ParameterDefinition => {
    const said = marks.get(i);
    const isRest = rest && i === fixed;
    const type = said?.type ?? (isRest ? mark.rest : undefined);
    // Without types arguments would go unchecked, and nothing would show that the build forgot them.
    if (emitted === undefined && type === undefined) {
      throw wrong(
        place,
        `the compiler does not tell the type of ${name}: set "emitDecoratorMetadata" or use @Arg()`,
      );
    }
    return {
      name: said?.name ?? name,
      doc: said?.doc,
      optional: !isRest && (i >= fixed - mark.optional || defaults.includes(i)),
      rest: isRest,
      type: once(() => {
        if (type !== undefined) return valueType(type(), `${place}(${name})`);
        // Compilers disagree about what they emit for a rest parameter.
        return isRest ? ANY : valueType(emitted?.[i], `${place}(${name})`);
      }),
    };
  });
  if (mark.optional > fixed)
    throw wrong(place, `it has ${fixed} parameters and ${mark.optional} optional`);
  return { parameters, defaults };
}

function placeOf({ contract, key }: DeclaredMethod): string {
  return `${contract.name}.${key}`;
}

function wrong(place: string, what: string): ContractError {
  return new ContractError('INVALID_CONTRACT', `${place}: ${what}`);
}

function once(read: () => ValueType): () => ValueType {
  let known: ValueType | undefined;
  return () => (known ??= read());
}
