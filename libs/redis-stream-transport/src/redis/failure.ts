import { bareError, bareMessage } from './bare-error.js';

/**
 * Why a command did not succeed.
 * - `refused`: Redis answered with an error, so this copy of the command changed nothing.
 * - `lost`: the connection ended before the answer came, so it is not known what the command did.
 * - `unsent`: there was no connection, so the command never left.
 */
export type FailureKind = 'refused' | 'lost' | 'unsent';

export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';

  constructor(
    readonly kind: FailureKind,
    /** First word of Redis' error (`OOM`, `NOPERM`, `WRONGTYPE` …); empty if there was no error answer. */
    readonly reply: string,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  /** Whether the same command may succeed later by itself. */
  get passing(): boolean {
    return this.kind !== 'refused' || PASSING.has(this.reply);
  }

  /** Whether the error says that the connection should go to another server. */
  get moved(): boolean {
    return this.demoted || this.reply === 'UNBLOCKED';
  }

  /**
   * Whether the keys are at another server now, or will be soon, so that all connections to this one must be replaced:
   * it has become a replica, or lost a slot or its Cluster.
   */
  get demoted(): boolean {
    return this.reply === 'MOVED' || this.steppedDown;
  }

  /** Whether the server serves nobody any more, and not only no keys of one slot. */
  get steppedDown(): boolean {
    return STEPPED_DOWN.has(this.reply);
  }
}

const STEPPED_DOWN = new Set(['READONLY', 'MASTERDOWN', 'CLUSTERDOWN']);

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

/** Turns an error of ioredis into a failure. It keeps nothing of the command, whose arguments may be secrets. */
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
