import 'reflect-metadata';
import { EventPattern, MessagePattern, type Transport } from '@nestjs/microservices';
import { HANDLER_HOOK } from '../../nest/handler-hook.js';
import type { HandlerExtras } from '../../options/index.js';
import { contractAnnouncer } from '../announce/contract-announcer.js';
import { ContractError } from '../declare/contract-error.js';
import type { MethodNames } from '../call/contract-client.js';
import type { ContractHandlers } from './contract-handlers.js';
import {
  definitionOf,
  type ContractClass,
  type ContractDefinition,
} from '../declare/definition.js';
import { contractHandler, type Controller } from './handler.js';
import { copyHandlerMetadata } from './handler-metadata.js';

export interface ImplementsOptions<C> {
  /** Only servers of this transport serve it, as the second argument of `@MessagePattern`. Default: all. */
  readonly transport?: Transport | symbol;
  /** The `extras` of each method's handler: concurrency, retries and so on. Default: none. */
  readonly extras?: {
    readonly [K in MethodNames<C>]?: Omit<HandlerExtras, 'batch'> &
      Readonly<Record<string, unknown>>;
  };
  /**
   * Which errors callers get with their name, message, code and details: `'all'`, or only the `'declared'`
   * ones, those in the contract's `errors`; others then arrive as Nest's "Internal server error".
   * An `RpcException` always passes as it is, and so do VALIDATION and INVALID_RESULT. Default: `'all'`.
   */
  readonly expose?: 'all' | 'declared';
  /**
   * Whether servers of this transport announce the contract, so that clients can compare it with theirs, and
   * count its calls for `Discovery.stats`. Default: true.
   */
  readonly announce?: boolean;
  /**
   * Whether clients that do not fit are refused, whatever they check: their calls fail before they are
   * sent. Needs `announce`. Default: false.
   */
  readonly force?: boolean;
}

const IMPLEMENTED = Symbol.for('nestjs-redis-streams.contract.implemented');

/**
 * Makes a controller serve a contract: each declared method gets its pattern, and its arguments are checked
 * and made instances of their classes before the method runs. The methods themselves are not changed, and
 * can be called in tests as they are. Guards, interceptors, pipes and filters work as on any handler.
 *
 * The compiler refuses a controller that lacks a method or has it with another type.
 *
 * @example
 * @Controller()
 * @Implements(FilesContract)
 * export class FilesController implements ContractHandlers<FilesContract> { … }
 * @throws ContractError NOT_SERVED, INVALID_CONTRACT when the class is defined
 */
export function Implements<C extends object>(
  contract: ContractClass<C>,
  options: ImplementsOptions<C> = {},
): (controller: abstract new (...args: never[]) => ContractHandlers<C>) => void {
  return (controller) => {
    const definition = definitionOf(contract);
    const prototype = controller.prototype as Controller;
    const { announce = true, force = false } = options;
    const service = announce ? { [HANDLER_HOOK]: contractAnnouncer(contract, force) } : {};
    for (const [name, method] of definition.methods) {
      const original: unknown = prototype[name];
      if (typeof original !== 'function') {
        const told = `${controller.name} does not have the method ${name} of ${definition.prefix}`;
        throw new ContractError('NOT_SERVED', told);
      }
      // A name that no source can have: two contracts may both have an `upload`.
      const key = `${name}@${definition.prefix}`;
      const { expose } = options;
      const value = contractHandler({ contract: definition, method, controller, original, expose });
      const descriptor = { value, configurable: true, writable: true };
      Object.defineProperty(prototype, key, descriptor);
      copyHandlerMetadata({ controller, name, method: original, key, handler: value });
      const bind = method.kind === 'event' ? EventPattern : MessagePattern;
      const extras = (options.extras as Readonly<Record<string, object>> | undefined)?.[name];
      if (extras !== undefined && 'batch' in extras) {
        const told = `${controller.name}.${name}: a method of a contract has its own arguments, and cannot be run in a batch`;
        throw new ContractError('INVALID_CONTRACT', told);
      }
      bind(method.pattern, options.transport as symbol, { ...extras, ...service })(
        prototype,
        key,
        descriptor,
      );
    }
    const before = implementedBy(controller);
    Reflect.defineMetadata(IMPLEMENTED, [...before, definition], controller);
  };
}

/** The contracts that a controller serves. */
export function implementedBy(controller: object): readonly ContractDefinition[] {
  const found: unknown = Reflect.getMetadata(IMPLEMENTED, controller);
  return (found as readonly ContractDefinition[] | undefined) ?? [];
}
