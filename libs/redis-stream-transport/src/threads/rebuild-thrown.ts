import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { FINAL } from '../nest/final-error.js';
import { DeadLetter, RetryLater } from '../nest/retry-later.js';
import type { ThrownError, ThrownInThread } from './messages.js';

/** A class of errors that a function in a thread may throw. */
export type ThrownClass = abstract new (...args: never[]) => Error;

/** What a function threw, in the thread of the server. @param classes those that are restored, by name */
export function rebuildThrown(thrown: ThrownInThread, classes: readonly ThrownClass[]): unknown {
  switch (thrown.kind) {
    case 'retry-later':
      return withStack(new RetryLater(thrown.delayMs), thrown.error);
    case 'dead-letter':
      return withStack(new DeadLetter(thrown.error.message), thrown.error);
    case 'rpc':
      return new RpcException(thrown.held as object);
    case 'http':
      return new HttpException(thrown.response as object, thrown.status);
    case 'value':
      return thrown.value;
    case 'error':
      return restored(thrown.error, classes);
  }
}

/** Made without its constructor, whose parameters are not known here. */
function restored(error: ThrownError, classes: readonly ThrownClass[]): Error {
  const type = classes.find((one) => one.name === error.name || one.prototype.name === error.name);
  const made =
    type === undefined ? new Error() : (Object.create(type.prototype as object) as Error);
  Object.defineProperty(made, 'message', hidden(error.message));
  for (const [name, value] of Object.entries(error.properties)) {
    // With `__proto__` the class would change.
    Object.defineProperty(made, name, { ...hidden(value), enumerable: true });
  }
  if (made.name !== error.name) Object.defineProperty(made, 'name', hidden(error.name));
  if (error.final) Object.defineProperty(made, FINAL, { value: true });
  return withStack(made, error);
}

function withStack<T extends Error>(error: T, { stack }: ThrownError): T {
  if (stack !== undefined) Object.defineProperty(error, 'stack', hidden(stack));
  return error;
}

/** As the properties of built-in errors are. */
function hidden(value: unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true, enumerable: false };
}
