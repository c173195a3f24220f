import 'reflect-metadata';
import { Payload } from '@nestjs/microservices';

/** Where Nest keeps what parameter decorators say. */
const PARAMETERS = '__routeArguments__';
const TYPES = 'design:paramtypes';

type Parameters = Readonly<Record<string, { readonly index: number }>>;

/** A method of a controller, and what is bound in its place. */
export interface BoundHandler {
  readonly controller: object & { readonly prototype: unknown };
  readonly name: string;
  readonly method: object;
  /** Under which the handler stands in the prototype. */
  readonly key: string;
  readonly handler: object;
}

/**
 * Makes Nest treat the bound handler as it would the method: the same guards, interceptors, pipes, filters
 * and metadata, and the method's decorated parameters (`@Ctx()`, own decorators) after the payload, in the
 * order of {@link decoratedParameters}.
 */
export function copyHandlerMetadata({
  controller,
  name,
  method,
  key,
  handler,
}: BoundHandler): void {
  const prototype = controller.prototype as object;
  for (const entry of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(entry, Reflect.getMetadata(entry, method), handler);
  }
  Payload()(prototype, key, 0);
  const own = parametersOf(controller, key);
  const types = (Reflect.getMetadata(TYPES, prototype, name) ?? []) as readonly unknown[];
  const indexes = decoratedParameters(controller, name);
  const shifted = Object.entries(parametersOf(controller, name)).map(([entry, said]) => {
    const index = indexes.indexOf(said.index) + 1;
    return [entry.replace(/:\d+$/, `:${index}`), { ...said, index }];
  });
  const all = { ...own, ...(Object.fromEntries(shifted) as Parameters) };
  Reflect.defineMetadata(PARAMETERS, all, controller, key);
  const known = [Object, ...indexes.map((index) => types[index] ?? Object)];
  Reflect.defineMetadata(TYPES, known, prototype, key);
}

/** Indexes of the parameters that Nest provides, in order. */
export function decoratedParameters(controller: object, name: string): number[] {
  const indexes = Object.values(parametersOf(controller, name)).map(({ index }) => index);
  return [...new Set(indexes)].sort((one, other) => one - other);
}

function parametersOf(controller: object, key: string): Parameters {
  return (Reflect.getMetadata(PARAMETERS, controller, key) ?? {}) as Parameters;
}
