import type { Redis } from 'ioredis';
import { bareError } from './bare-error.js';
import { destroyConnection, type Connection } from './connect.js';

/** Characters of what a server says at first that are looked at for an error. */
const FIRST_LINE = 200;
/** How a socket ends that the other side closed without a word. */
const SPEECHLESS = new Set(['EPIPE', 'ECONNRESET', 'Connection is closed.']);

/** One connection from its first packet to its end, with what is known of why it ended. */
export class Attempt {
  /** Resolves when the connection is gone. */
  readonly ended: Promise<void>;
  private error: Error | undefined;
  private answered = false;
  private reached = false;
  private lives = false;

  constructor(readonly connection: Connection) {
    // ioredis throws unhandled errors at the process; every error also ends the attempt or the life.
    connection.on('error', (error: Error) => {
      // The first of an attempt says most. One that lives may have had an error hours ago, and lived on.
      if (this.lives) this.error = undefined;
      this.error ??= bareError(error);
    });
    connection.once('connect', () => {
      this.reached = true;
      (connection as Partial<Redis>).stream?.once('data', (data: Buffer) => this.begins(data));
    });
    this.ended = new Promise<void>((resolve) => connection.once('end', () => resolve()));
  }

  /** Why it ended, if anybody told. */
  get told(): Error | undefined {
    const { error } = this;
    if (!this.reached || this.answered) return error;
    const said = (error as { code?: string } | undefined)?.code ?? error?.message;
    return said === undefined || SPEECHLESS.has(said) ? this.silence(error) : error;
  }

  /** Redis takes commands: what it refused before (`HELLO`, a name) is not why the connection ends later. */
  passed(): void {
    this.error = undefined;
  }

  /** It is set up. */
  began(): void {
    this.passed();
    this.lives = true;
  }

  destroy(): void {
    destroyConnection(this.connection);
  }

  /** Errors that Redis gives before it was asked, as with `maxclients`, find no command of ours. */
  private begins(data: Buffer): void {
    this.answered = true;
    const [line = ''] = data.toString('latin1', 0, FIRST_LINE).split('\r\n');
    if (line.startsWith('-')) this.error ??= bareError(line.slice(1));
  }

  private silence(cause: Error | undefined): Error {
    const text = 'the connection was closed before Redis answered: does it take more (maxclients)?';
    return cause === undefined ? new Error(text) : new Error(text, { cause });
  }
}
