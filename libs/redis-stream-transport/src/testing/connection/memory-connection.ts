import { EventEmitter } from 'node:events';
import type { MemoryServer } from './memory-server.js';
import type { Peer, Request } from './peer.js';

/** The process that a connection belongs to. */
export interface Host {
  readonly server: MemoryServer;
  /** It connects no more. */
  readonly isDead: boolean;
}

/** The channel by which a connection hears which streams have changed. */
const CHANGES = '__redis__:invalidate';

/** Stands in for a connection of ioredis, as far as the transport uses one. */
export class MemoryConnection extends EventEmitter implements Peer {
  readonly options: { readonly connectionName: string | undefined };
  id = 0;
  isBlocked = false;
  tracked: string | undefined;
  private readonly channels = new Set<string>();
  private readonly open = new Set<Request>();
  private readonly later: Request[] = [];
  private state: 'new' | 'open' | 'ended' = 'new';

  constructor(
    readonly host: Host,
    name: string | undefined,
  ) {
    super();
    this.setMaxListeners(0);
    this.options = { connectionName: name };
  }

  async connect(): Promise<void> {
    if (this.host.isDead || this.state !== 'new') {
      this.disconnect();
      throw new Error('connect ECONNREFUSED: this process is dead');
    }
    this.state = 'open';
    this.id = this.host.server.open(this);
    this.emit('connect');
  }

  /** As ioredis': the parts of a command that its sender has set. */
  sendCommand({ name, args }: { readonly name: string; readonly args: readonly string[] }) {
    return this.ask(name.toLowerCase(), args);
  }

  call(name: string, ...args: string[]): Promise<unknown> {
    return this.ask(name.toLowerCase(), args);
  }

  info(section: string): Promise<unknown> {
    return this.ask('info', [section]);
  }

  async ssubscribe(...channels: string[]): Promise<void> {
    await this.ask('ping', []);
    for (const channel of channels) this.channels.add(channel);
  }

  async subscribe(): Promise<void> {
    await this.ask('ping', []);
  }

  disconnect(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.host.server.close(this);
    this.later.length = 0;
    for (const request of [...this.open]) request.answer(new Error('Connection is closed.'));
    queueMicrotask(() => this.emit('end'));
  }

  unblocked(): void {
    this.isBlocked = false;
    while (!this.isBlocked && this.later.length > 0)
      this.host.server.receive(this, this.later.shift() as Request);
  }

  hear(channel: string, text: string): void {
    if (this.channels.has(channel)) this.tell('smessage', channel, text);
  }

  noticed(stream: string): void {
    if (this.tracked !== undefined && stream.startsWith(this.tracked))
      this.tell('messageBuffer', Buffer.from(CHANGES), [stream]);
  }

  private tell(event: string, ...what: unknown[]): void {
    this.host.server.turns.deliver(() => {
      if (this.state === 'open') this.emit(event, ...what);
    });
  }

  private ask(name: string, args: readonly string[]): Promise<unknown> {
    if (this.state !== 'open') return Promise.reject(new Error("Stream isn't writeable"));
    return new Promise((resolve, reject) => {
      const request: Request = {
        name,
        args: [...args],
        answer: (answer) => {
          if (!this.open.delete(request)) return;
          this.host.server.turns.deliver(() => {
            if (this.state === 'ended') reject(new Error('Connection is closed.'));
            else if (answer instanceof Error) reject(answer);
            else resolve(structuredClone(answer));
          });
        },
      };
      this.open.add(request);
      if (this.isBlocked) this.later.push(request);
      else this.host.server.receive(this, request);
    });
  }
}
