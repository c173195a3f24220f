import 'reflect-metadata';
import { IntrinsicException, Logger } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import type { ContractDefinition } from '../declare/definition.js';
import { classOf, faultException } from '../call/fault.js';
import { InvalidResultError } from '../validate/result-check.js';
import { ContractValidationError } from '../validate/violation.js';
import { isA, thrownStory } from '../../thrown.js';

/** Where Nest keeps the filters of a class or method, and what a filter catches. */
const FILTERS = '__exceptionFilters__';
const CATCHES = '__filterCatchExceptions__';

type Type = abstract new (...args: never[]) => unknown;

/**
 * Decides what the caller gets of a handler's errors. Nest replaces everything that is no `RpcException` by
 * "Internal server error"; a contract promises name, message, code and details.
 */
export class HandlerErrors {
  private readonly logger = new Logger('ContractHandlers');

  constructor(
    private readonly contract: ContractDefinition,
    private readonly controller: object,
    private readonly method: object,
    private readonly expose: 'all' | 'declared',
  ) {}

  /** The error to be thrown on, towards the filters. */
  passed(error: unknown): unknown {
    if (isA(error, RpcException)) return error;
    if (this.isFiltered(error)) return error;
    const { errors } = this.contract;
    // Contracts promise this whatever `expose` says: it names what is wrong, and not the value.
    const broken = InvalidResultError.is(error);
    const declared = ContractValidationError.is(error) || classOf(error, errors) !== undefined;
    if (!declared) {
      if (this.expose === 'declared' && !broken) return error;
      if (!isA(error, IntrinsicException)) {
        this.logger.error(thrownStory(error), { code: 'CONTRACT_HANDLER_FAILED' });
      }
    }
    return faultException(error, errors);
  }

  /** Filters of the method and its class get what was thrown; global ones get the `RpcException` made of it. */
  private isFiltered(error: unknown): boolean {
    return [this.method, this.controller].some((target) =>
      ((Reflect.getMetadata(FILTERS, target) ?? []) as readonly object[]).some((filter) => {
        const type = typeof filter === 'function' ? filter : filter.constructor;
        const caught = (Reflect.getMetadata(CATCHES, type) ?? []) as readonly Type[];
        return caught.length === 0 || caught.some((one) => isA(error, one));
      }),
    );
  }
}
