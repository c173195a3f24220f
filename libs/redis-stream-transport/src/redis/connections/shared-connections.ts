import type { Attempt } from './attempt.js';
import type { Connection } from '../connect.js';

/** A connection that takes commands, and the server that it has reached; undefined: the server does not tell. */
export interface OpenConnection {
  readonly attempt: Attempt;
  readonly runId: string | undefined;
}

/** A connection that is being made. */
export interface Opening {
  /** Rejects with the best known reason. */
  readonly opened: Promise<OpenConnection>;
  /** Gives up at once. */
  abort(): void;
}

/** What a link has of a connection. Other shards may have a part of it, too. */
export class ConnectionPart {
  /** Resolves when the connection, or this part of it, is over. */
  readonly ended: Promise<void>;
  private end: () => void = noop;

  constructor(private readonly whole: SharedConnection) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    void whole.attempt.ended.then(this.end);
  }

  get connection(): Connection {
    return this.attempt.connection;
  }

  get attempt(): Attempt {
    return this.whole.attempt;
  }

  get runId(): string | undefined {
    return this.whole.runId;
  }

  /** Gives this part up. The connection ends with its last part. */
  leave(): void {
    this.end();
    this.whole.left(this);
  }

  /** Nobody new gets a part of the connection: its server is no longer the one to talk to. */
  retire(): void {
    this.whole.retire();
  }

  /** Ends the connection, for all that have a part of it. */
  destroy(): void {
    this.whole.destroy();
  }
}

/** One connection and those who have a part of it. */
class SharedConnection {
  readonly attempt: Attempt;
  readonly runId: string | undefined;
  private readonly parts = new Set<ConnectionPart>();

  /** @param retire nobody new is to have a part of it */
  constructor(
    { attempt, runId }: OpenConnection,
    readonly retire: () => void,
  ) {
    this.attempt = attempt;
    this.runId = runId;
    void attempt.ended.then(retire);
  }

  part(): ConnectionPart {
    const part = new ConnectionPart(this);
    this.parts.add(part);
    return part;
  }

  left(part: ConnectionPart): void {
    this.parts.delete(part);
    if (this.parts.size === 0) this.destroy();
  }

  destroy(): void {
    this.retire();
    this.attempt.destroy();
  }
}

/** What a link waits for. */
export interface Taking {
  readonly part: Promise<ConnectionPart>;
  /** Does not wait any more: a connection that nobody waits for is not made. */
  cancel(): void;
}

/** A connection that is open, or being made. */
class Entry {
  readonly made: Promise<SharedConnection>;
  private waiting = 0;

  /** @param forget nobody new is to have a part of it */
  constructor(
    private readonly opening: Opening,
    forget: () => void,
  ) {
    this.made = opening.opened.then((opened) => new SharedConnection(opened, forget));
    this.made.catch(forget);
  }

  take(): Taking {
    this.waiting++;
    let isCancelled = false;
    const part = this.made.then((whole) => {
      if (!isCancelled) return whole.part();
      // It was made too late for all who wanted it.
      if (this.waiting === 0) whole.destroy();
      throw new Error('nobody waits for the connection');
    });
    part.catch(noop);
    const cancel = (): void => {
      isCancelled = true;
      if (--this.waiting === 0) this.opening.abort();
    };
    return { part, cancel };
  }
}

/**
 * The connections that the shards of one client or one server share: one per role and server, however many shards have
 * their keys there. Connections that block, or that have another mode for each shard, are not among them.
 */
export class SharedConnections {
  private readonly entries = new Map<string, Entry>();

  /**
   * A part of the connection that is known under a name. It is made if there is none; who comes meanwhile waits for
   * the same.
   */
  take(name: string, make: () => Opening): Taking {
    const known = this.entries.get(name);
    if (known !== undefined) return known.take();
    const entry: Entry = new Entry(make(), () => {
      if (this.entries.get(name) === entry) this.entries.delete(name);
    });
    this.entries.set(name, entry);
    return entry.take();
  }
}

const all = new WeakMap<object, SharedConnections>();

/** The connections of all links that have the same object in their settings. */
export function sharedUnder(owner: object): SharedConnections {
  const known = all.get(owner) ?? new SharedConnections();
  all.set(owner, known);
  return known;
}

/** The whole of a connection that is not shared. */
export const takeWhole = (opening: Opening): Taking => new Entry(opening, noop).take();

function noop(): void {}
