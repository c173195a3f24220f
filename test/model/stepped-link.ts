import { CommandFailure } from '../../libs/redis-stream-transport/src/redis/failure.js';
import type {
  Link,
  LinkHooks,
  LinkRole,
  LinkSettings,
} from '../../libs/redis-stream-transport/src/redis/link.js';

/** A command on its way to Redis. */
export interface Packet {
  readonly name: string;
  readonly args: readonly string[];
  /** Milliseconds that it may block. */
  readonly blocking: number;
  /** The time of the process when it was sent. */
  readonly sentAt: number;
  /** Somebody asked Redis to end the read that blocks. */
  unblocked: boolean;
  /** State of Redis that it found nothing in. */
  triedAt: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (failure: CommandFailure) => void;
}

/** Where links of a process live: what the library takes for the address of Redis. */
export interface Host {
  readonly links: SteppedLink[];
  now(): number;
  /** Packets that had left when the connection was cut, in order. */
  left(packets: Packet[]): void;
}

let connections = 0;

/** One connection: what is on its way in both directions, in order. */
export class SteppedConnection {
  readonly id = ++connections;
  readonly toRedis: Packet[] = [];
  readonly toProcess: (() => void)[] = [];
  channels: ReadonlySet<string> = new Set();
  private readonly unanswered = new Set<Packet>();
  private listener: (channel: string, text: string) => void = () => {};

  constructor(private readonly host: Host) {}

  send(name: string, args: readonly string[], blocking = 0): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sentAt = this.host.now();
      const packet: Packet = {
        ...{ name, args, blocking, sentAt, unblocked: false, triedAt: -1 },
        resolve: (answer) => this.answered(packet, () => resolve(answer)),
        reject: (failure) => this.answered(packet, () => reject(failure)),
      };
      this.unanswered.add(packet);
      this.toRedis.push(packet);
    });
  }

  /** As ioredis': the part of it that a subscription uses. */
  ssubscribe(...channels: string[]): Promise<unknown> {
    return this.send('ssubscribe', channels);
  }

  on(event: string, listener: (channel: string, text: string) => void): void {
    if (event === 'smessage') this.listener = listener;
  }

  hear(channel: string, text: string): void {
    if (this.channels.has(channel)) this.toProcess.push(() => this.listener(channel, text));
  }

  /** Ends it: nobody will hear an answer any more. */
  close(): void {
    this.toProcess.length = 0;
    const unanswered = [...this.unanswered];
    this.unanswered.clear();
    this.host.left(this.toRedis.splice(0));
    for (const packet of unanswered) {
      packet.reject(new CommandFailure('lost', '', 'the connection was cut'));
    }
  }

  private answered(packet: Packet, tell: () => void): void {
    this.unanswered.delete(packet);
    tell();
  }
}

/**
 * Stands in for the library's `Link`: the same promises (commands go to the connection of the moment or
 * fail at once; a connection that ends fails all that is in flight and is replaced), but packets, answers,
 * cuts and reconnects happen one by one, when the world says so.
 */
export class SteppedLink implements Pick<Link, keyof Link> {
  connection: SteppedConnection | undefined;
  private ready = false;
  private started = false;
  private readonly host: Host;

  constructor(
    readonly role: LinkRole,
    settings: LinkSettings,
    private readonly hooks: LinkHooks,
  ) {
    this.host = settings.target as unknown as Host;
    this.host.links.push(this);
  }

  get isUp(): boolean {
    return this.connection !== undefined;
  }

  get current(): undefined {
    return undefined;
  }

  get obstacle(): undefined {
    return undefined;
  }

  /** The world has one Redis, so all links agree about it. */
  get server(): undefined {
    return undefined;
  }

  get isTrying(): boolean {
    return false;
  }

  afterTrying(callback: () => void): void {
    callback();
  }

  whenReady(): void {}

  get wantsConnection(): boolean {
    return this.started && this.connection === undefined;
  }

  start(): void {
    this.started = true;
  }

  stop(): Promise<void> {
    this.started = false;
    this.cut();
    return Promise.resolve();
  }

  recycle(): void {
    this.cut();
  }

  renew(): void {
    this.cut();
  }

  leaveServer(): void {
    this.cut();
  }

  async command(name: string, args: readonly string[], blocking = 0): Promise<unknown> {
    const { connection } = this;
    if (connection === undefined) throw new CommandFailure('unsent', '', 'not connected to Redis');
    try {
      return await connection.send(name, args, blocking);
    } catch (error) {
      if ((error as CommandFailure).moved && this.connection === connection) this.cut();
      throw error;
    }
  }

  connect(): void {
    const connection = new SteppedConnection(this.host);
    this.connection = connection;
    this.hooks.up(connection as never).then(
      () => {
        if (this.connection === connection) this.ready = true;
      },
      () => {
        if (this.connection === connection) this.cut();
      },
    );
  }

  cut(): void {
    const { connection, ready } = this;
    if (connection === undefined) return;
    this.connection = undefined;
    this.ready = false;
    connection.close();
    if (ready) queueMicrotask(() => this.hooks.down());
  }
}
