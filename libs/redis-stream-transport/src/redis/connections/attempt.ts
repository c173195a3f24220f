import type { Redis } from 'ioredis';
import { bareError } from '../bare-error.js';
import { destroyConnection, type Connection } from '../connect.js';

/** Characters of a server's first data that are searched for an error. */
const FIRST_LINE = 200;
/** How errors name the end of a socket that the other side closed without an answer. */
const SPEECHLESS = new Set(['EPIPE', 'ECONNRESET', 'Connection is closed.']);

/** One connection from its first packet to its end. It knows why it ended, as far as that can be known. */
export class Attempt {
  /** Resolves when the connection is gone. */
  readonly ended: Promise<void>;
  private error: Error | undefined;
  private answered = false;
  private reached = false;
  private lives = false;

  constructor(readonly connection: Connection) {
    // ioredis would throw errors without a listener at the process. Each error also ends the connection.
    connection.on('error', (error: Error) => {
      // While it is set up, the first error says most. Later the last one counts: the connection may have survived an
      // error hours ago.
      if (this.lives) this.error = undefined;
      this.error ??= bareError(error);
    });
    connection.once('connect', () => {
      this.reached = true;
      (connection as Partial<Redis>).stream?.once('data', (data: Buffer) => this.begins(data));
    });
    this.ended = new Promise<void>((resolve) => connection.once('end', () => resolve()));
  }

  /** Why it ended, if that is known. */
  get told(): Error | undefined {
    const { error } = this;
    if (!this.reached || this.answered) return error;
    const said = (error as { code?: string } | undefined)?.code ?? error?.message;
    return said === undefined || SPEECHLESS.has(said) ? this.silence(error) : error;
  }

  /** Redis takes commands. What it refused before (`HELLO`, a name) will not be the reason why the connection ends. */
  passed(): void {
    this.error = undefined;
  }

  /** The connection is set up. */
  began(): void {
    this.passed();
    this.lives = true;
  }

  /** Rejects with the reason when the connection is gone, or with it `part` of it. */
  gone(part: Promise<void> = this.ended): Promise<never> {
    const gone = part.then(() => {
      throw this.told ?? new Error('the connection to Redis ended');
    });
    gone.catch(() => undefined);
    return gone;
  }

  destroy(): void {
    destroyConnection(this.connection);
  }

  /** Looks for an error that Redis sent unasked, as with `maxclients`: ioredis finds no command that it belongs to. */
  private begins(data: Buffer): void {
    this.answered = true;
    const [line = ''] = data.toString('latin1', 0, FIRST_LINE).split('\r\n');
    if (line.startsWith('-')) this.error ??= bareError(line.slice(1));
  }

  private silence(cause: Error | undefined): Error {
    const text =
      'the connection was closed before Redis answered: does it take more (maxclients), or only TLS?';
    return cause === undefined ? new Error(text) : new Error(text, { cause });
  }
}
