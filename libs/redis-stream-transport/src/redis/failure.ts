import { bareError, bareMessage } from './bare-error.js';

/**
 * Why a command did not succeed.
 * - `refused`: Redis answered with an error, so this copy of the command changed nothing.
 * - `lost`: the connection ended first, so nobody knows.
 * - `unsent`: there was no connection; the command never left.
 */
export type FailureKind = 'refused' | 'lost' | 'unsent';

export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';

  constructor(
    readonly kind: FailureKind,
    /** First word of Redis' error (`OOM`, `NOPERM`, `WRONGTYPE` …); empty when there was no answer. */
    readonly reply: string,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  /** Errors that say "not now": the same command may succeed later, without anybody's help. */
  get passing(): boolean {
    return this.kind !== 'refused' || PASSING.has(this.reply);
  }

  /** Errors that say this is no longer the server to talk to. */
  get moved(): boolean {
    return this.reply === 'READONLY' || this.reply === 'MASTERDOWN' || this.reply === 'UNBLOCKED';
  }

  /** The server takes orders from another one, and so do all connections to it. */
  get demoted(): boolean {
    return this.reply === 'READONLY' || this.reply === 'MASTERDOWN';
  }
}

const PASSING = new Set([
  'LOADING',
  'BUSY',
  'MASTERDOWN',
  'READONLY',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'NOREPLICAS',
  'MISCONF',
  'UNBLOCKED',
  'MOVED',
  'ASK',
]);

/** Keeps nothing of the command: its arguments are secrets and data of others. */
export function toFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const message = bareMessage(error);
  const cause = bareError(error);
  if (error instanceof Error && error.name === 'ReplyError') {
    return new CommandFailure('refused', /^[A-Z]+/.exec(message)?.[0] ?? 'ERR', message, cause);
  }
  if (message.includes("isn't writeable")) return new CommandFailure('unsent', '', message, cause);
  return new CommandFailure('lost', '', message, cause);
}
