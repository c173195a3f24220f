import { brand } from '../../errors.js';

/** Characters of a stack; who sent it may be of another version, or no server of ours. */
const MAX_STACK = 4096;

/**
 * An error that the handler of a contract's method threw, on the caller's side. Its `name`, `message` and
 * `code` are those of the handler's error.
 */
export class RemoteError extends Error {
  /** The handler's `code`, if its error had one. */
  readonly code?: string | number;
  /** The handler's `details`, as they were sent; for an `RpcException` with an object, that object without its `stack`. */
  readonly details?: unknown;
  /** The pattern of the method. */
  readonly pattern: string;
  /** Id of the call, `<caller>/<call>`, as the service's log has it; undefined on other transports. */
  readonly callId?: string;
  /** Where the handler's error was thrown, at most 4,096 characters: only of servers with `exposeStack`. */
  declare readonly remoteStack?: string;

  constructor(fault: Fault, pattern: string, callId?: string) {
    super(fault.message);
    Object.defineProperty(this, 'name', { value: fault.name, configurable: true, writable: true });
    if (fault.code !== undefined) this.code = fault.code;
    if (fault.details !== undefined) this.details = fault.details;
    this.pattern = pattern;
    if (callId !== undefined) this.callId = callId;
    if (fault.stack !== undefined) {
      // Not in JSON: it must not leave this process by chance.
      const value = fault.stack.slice(0, MAX_STACK);
      Object.defineProperty(this, 'remoteStack', { value, configurable: true, writable: true });
    }
  }

  /** Like `instanceof`, but also true for errors of another copy of this package. */
  static is(value: unknown): value is RemoteError {
    return isRemoteError(value);
  }
}
const isRemoteError = brand(RemoteError, 'contract-remote-error');

/** An error as it travels. */
export interface Fault {
  readonly status: 'error';
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly details?: unknown;
  readonly stack?: string;
}
