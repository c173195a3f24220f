import { RpcException } from '@nestjs/microservices';
import { markCall, RedisStreamsError } from '../../errors.js';
import { FINAL } from '../../nest/final-error.js';
import { ORIGINAL } from '../../nest/original-error.js';
import type { ErrorClass } from '../declare/definition.js';
import { RemoteError, type Fault } from './remote-error.js';
import { fromRich, toRich } from '../wire/rich-json.js';
import { ContractValidationError, type Violation } from '../validate/violation.js';
import { isA, property, thrownName, thrownText } from '../../thrown.js';

/**
 * What is sent of an error: never its stack or cause, which can hold secrets.
 * @param classes those that callers restore; an error of a class derived from one of them is sent as that
 */
export function faultOf(error: unknown, classes: readonly ErrorClass[]): Fault {
  if (!isA(error, Error)) {
    return { status: 'error', name: 'Error', message: thrownText(error) };
  }
  const message = property(error, 'message');
  const code = property(error, 'code');
  const details = property(error, 'details');
  const known = classOf(error, classes);
  return {
    status: 'error',
    name: known === undefined ? thrownName(error) : classNameOf(known),
    message: typeof message === 'string' ? message : thrownText(error),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(details === undefined ? {} : { details: toRich(details) }),
  };
}

/** The class among those listed that an error is of; its own before one that it extends. */
export function classOf(error: unknown, classes: readonly ErrorClass[]): ErrorClass | undefined {
  if (!isA(error, Error)) return undefined;
  return (
    classes.find((one) => error.constructor === one) ?? classes.find((one) => error instanceof one)
  );
}

/** An inherited `name` would be `Error` for all of them. */
function classNameOf({ prototype, name }: ErrorClass): string {
  return Object.hasOwn(prototype as object, 'name') ? (prototype as Error).name : name;
}

/**
 * The error as what passes Nest's filters unchanged. A violation is final, whatever the handler's retry policy says;
 * the original is what dead letters and log lines tell of.
 */
export function faultException(error: unknown, classes: readonly ErrorClass[]): RpcException {
  const fault = faultOf(error, classes);
  if (ContractValidationError.is(error)) Object.defineProperty(fault, FINAL, { value: true });
  const exception = new RpcException(fault);
  Object.defineProperty(exception, 'cause', { value: error, configurable: true });
  Object.defineProperty(exception, ORIGINAL, { value: error });
  return exception;
}

/**
 * What a call fails with.
 * @param error as the client proxy gave it: an error of the transport, or what the service sent
 * @param classes those that are restored, by name
 */
export function errorOf(error: unknown, pattern: string, classes: readonly ErrorClass[]): unknown {
  if (error instanceof Error) return error;
  const callId = RedisStreamsError.callIdOf(error);
  const told = toldError(readFault(error), pattern, classes, callId);
  if (callId !== undefined) markCall(told, callId);
  return told;
}

function toldError(
  fault: Fault,
  pattern: string,
  classes: readonly ErrorClass[],
  callId: string | undefined,
): Error {
  if (fault.code === 'VALIDATION' && fault.name === ContractValidationError.prototype.name) {
    const violations = Array.isArray(fault.details) ? (fault.details as Violation[]) : [];
    return new ContractValidationError(pattern, violations.filter(isViolation));
  }
  const known = classes.find((one) => classNameOf(one) === fault.name);
  return known === undefined ? new RemoteError(fault, pattern, callId) : restore(known, fault);
}

function isViolation(value: unknown): value is Violation {
  return (
    typeof value === 'object' && value !== null && 'property' in value && 'constraints' in value
  );
}

/** Made without its constructor, whose parameters are not known here. */
function restore(known: ErrorClass, fault: Fault): Error {
  const error = Object.create(known.prototype as object) as Error & {
    code?: unknown;
    details?: unknown;
  };
  Object.defineProperty(error, 'message', hidden(fault.message));
  if (error.name !== fault.name) Object.defineProperty(error, 'name', hidden(fault.name));
  if (fault.code !== undefined) error.code = fault.code;
  if (fault.details !== undefined) error.details = fault.details;
  Error.captureStackTrace(error, errorOf);
  return error;
}

/** As the properties of built-in errors are. */
function hidden(value: unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true, enumerable: false };
}

/** Details are in JSON, and a stack must not be. */
function withoutStack(sent: Readonly<Record<string, unknown>>): object {
  if (typeof sent['stack'] !== 'string') return sent;
  const { stack: _, ...others } = sent;
  return others;
}

/** Other handlers, filters and languages may send less, or something else. */
function readFault(sent: unknown): Fault {
  if (typeof sent !== 'object' || sent === null) {
    return { status: 'error', name: 'RemoteError', message: String(sent) };
  }
  const whole = sent as Readonly<Record<string, unknown>>;
  const { name, message, code, details, status, stack, ...more } = whole;
  const others = Object.keys(more).length > 0 ? withoutStack(whole) : undefined;
  return {
    status: 'error',
    name: typeof name === 'string' ? name : 'RemoteError',
    ...(typeof stack === 'string' ? { stack } : {}),
    message: typeof message === 'string' ? message : typeof status === 'string' ? status : 'error',
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(details === undefined && others === undefined
      ? {}
      : { details: details === undefined ? others : fromRich(details) }),
  };
}
