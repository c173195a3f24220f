import { isObservable, map, catchError, concatMap, from, of, throwError } from 'rxjs';
import { DeadLetter } from '../../nest/retry-later.js';
import type { ContractDefinition, MethodDefinition } from '../declare/definition.js';
import { decoratedParameters } from './handler-metadata.js';
import { HandlerErrors } from './handler-errors.js';
import { MethodArguments } from '../validate/method-arguments.js';
import { isAsyncIterable, observe } from '../../nest/observe-iterable.js';
import { ResultCheck } from '../validate/result-check.js';
import { fromRich, toRich } from '../wire/rich-json.js';
import { ContractValidationError } from '../validate/violation.js';

/** An instance of a controller, by names of methods. */
export type Controller = Readonly<Record<string, unknown>>;

type Method = (...args: readonly unknown[]) => unknown;

/** A method of a contract, and the controller that serves it. */
export interface ServedMethod {
  readonly contract: ContractDefinition;
  readonly method: MethodDefinition;
  readonly controller: object;
  /** The controller's own method. */
  readonly original: object;
  /** Default: `all`. */
  readonly expose?: 'all' | 'declared' | undefined;
}

/** What Nest calls in place of the method: reads and checks the arguments, and writes the result. */
export function contractHandler({
  contract,
  method,
  controller,
  original,
  expose = 'all',
}: ServedMethod): (
  this: Controller,
  data: unknown,
  ...provided: readonly unknown[]
) => Promise<unknown> {
  const { name, kind } = method;
  const reader = new MethodArguments(method, contract.validation);
  const errors = new HandlerErrors(contract, controller, original, expose);
  const check = method.validateResult ? new ResultCheck(method, contract.validation) : undefined;
  let places: readonly number[] | undefined;
  return async function (this: Controller, data, ...provided) {
    try {
      const read = reader.incoming(fromRich(data));
      const args = [...(read instanceof Promise ? await read : read)];
      places ??= decoratedParameters(controller, name);
      for (const [i, place] of places.entries()) args[place] = provided[i];
      // Dispatched by name, so that a subclass may override it.
      const result = await (this[name] as Method)(...args);
      if (kind === 'event') return result;
      const written = write(result, kind, errors, check);
      return written instanceof Promise ? await written : written;
    } catch (error) {
      throw kind === 'event' ? undeliverable(error) : errors.passed(error);
    }
  };
}

function write(
  result: unknown,
  kind: 'command' | 'streamed',
  errors: HandlerErrors,
  check: ResultCheck | undefined,
): unknown {
  const values = kind === 'streamed' && isAsyncIterable(result) ? observe(result) : result;
  if (!isObservable(values)) {
    const passed = check === undefined ? values : check.passed(values);
    return passed instanceof Promise ? passed.then(toRich) : toRich(passed);
  }
  const sound =
    check === undefined
      ? values
      : values.pipe(
          concatMap((value) => {
            const passed = check.passed(value);
            return passed instanceof Promise ? from(passed) : of(passed);
          }),
        );
  return sound.pipe(
    // A missing value would look like the end.
    map((value) => (value === undefined ? { $undefined: true } : toRich(value))),
    catchError((error: unknown) => throwError(() => errors.passed(error))),
  );
}

/** Events are tried again when they fail; one that is not valid never will be. */
function undeliverable(error: unknown): unknown {
  return ContractValidationError.is(error)
    ? new DeadLetter(error.message, { cause: error })
    : error;
}
