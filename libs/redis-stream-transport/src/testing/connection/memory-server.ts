import { OPERATIONS } from '../memory/operations.js';
import { Refused, type Answer, type Operation } from '../memory/operation.js';
import { Store } from '../memory/store.js';
import type { BrokerTime } from '../time/broker-time.js';
import { COMMANDS, groupReadOf, readGroup, type GroupRead } from './commands.js';
import { Faults, type Fault } from './faults.js';
import type { Peer, Request } from './peer.js';
import { Turns } from './turns.js';

/** A read that waits for entries. */
interface Waiting {
  readonly connection: Peer;
  readonly read: GroupRead;
  end(answer: Answer | Error): void;
}

/** The name under which a read of a group is known to those who let operations fail. */
export const READ = 'read';

const bySha = new Map(OPERATIONS.map((each) => [each.sha, each]));
const byText = new Map(OPERATIONS.map((each) => [each.lua, each]));

/** What stands in for a Redis server: a store, the connections to it, and the channels that they listen to. */
export class MemoryServer {
  readonly store: Store;
  readonly turns = new Turns();
  readonly faults = new Faults();
  readonly connections = new Map<number, Peer>();
  private readonly waiting = new Set<Waiting>();
  private ids = 0;

  constructor(readonly time: BrokerTime) {
    this.store = new Store(() => time.today, {
      published: (channel, text) => this.published(channel, text),
      changed: (stream) => this.changed(stream),
    });
  }

  open(connection: Peer): number {
    this.connections.set(++this.ids, connection);
    return this.ids;
  }

  close(connection: Peer): void {
    this.connections.delete(connection.id);
    for (const one of this.waiting) if (one.connection === connection) this.waiting.delete(one);
  }

  /** Does what a connection asks for, and answers in a later turn. */
  receive(connection: Peer, request: Request): void {
    const { name, args } = request;
    const operation = operationOf(name, args);
    const fault = this.faults.take(operation?.knownAs ?? (name === 'xreadgroup' ? READ : name));
    if (fault?.failure === 'unsent') return connection.disconnect();
    if (fault?.failure === 'refused') return request.answer(new Refused(fault.error));
    if (name === 'xreadgroup') return this.read(connection, request, fault);
    const answer = this.attempt(() => this.perform(connection, request, operation));
    if (fault?.failure === 'lost') connection.disconnect();
    else request.answer(answer);
  }

  private perform(
    connection: Peer,
    { name, args }: Request,
    operation: Operation | undefined,
  ): Answer {
    if (operation !== undefined) {
      const count = Number(args[1]);
      const line = { keys: args.slice(2, 2 + count), args: args.slice(2 + count) };
      return operation.run(this.store, line);
    }
    if (name === 'client') return this.client(connection, args);
    const command = COMMANDS[name];
    if (command !== undefined) return command(this.store, args);
    if (name === 'evalsha') throw new Refused('NOSCRIPT No matching script.');
    throw new Refused('ERR the test broker does not offer this operation: use a Redis');
  }

  private read(connection: Peer, request: Request, fault: Fault | undefined): void {
    const read = groupReadOf(request.args);
    const answer = this.attempt(() => readGroup(this.store, read));
    if (fault?.failure === 'lost') return connection.disconnect();
    if (answer !== null || read.block === 0) return request.answer(answer);
    connection.isBlocked = true;
    const { time } = this;
    const ended = [
      time.after(read.block, () => waiting.end(null)),
      // The supervision of connections goes by the time of this system, in which a read is over as well.
      ...(time.isReal ? [] : [timer(read.block, () => waiting.end(null))]),
    ];
    const waiting: Waiting = {
      connection,
      read,
      end: (found) => {
        for (const cancel of ended) cancel();
        if (!this.waiting.delete(waiting)) return;
        request.answer(found);
        connection.unblocked();
      },
    };
    this.waiting.add(waiting);
  }

  private client(connection: Peer, [word = '', ...args]: readonly string[]): Answer {
    const [first = ''] = args;
    switch (word.toLowerCase()) {
      case 'id':
        return connection.id;
      case 'unblock': {
        const one = [...this.waiting].find((each) => each.connection.id === Number(first));
        one?.end(null);
        return one === undefined ? 0 : 1;
      }
      case 'list':
        return args
          .slice(1)
          .filter((id) => this.connections.has(Number(id)))
          .map((id) => `id=${id} \n`)
          .join('');
      case 'tracking':
        connection.tracked = args[args.findIndex((each) => each.toUpperCase() === 'PREFIX') + 1];
        return 'OK';
      default:
        return 'OK';
    }
  }

  private attempt(act: () => Answer): Answer | Error {
    try {
      return act();
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  }

  private published(channel: string, text: string): void {
    for (const connection of this.connections.values()) connection.hear(channel, text);
  }

  private changed(stream: string): void {
    for (const connection of this.connections.values()) connection.noticed(stream);
    for (const waiting of this.waiting) {
      if (!waiting.read.streams.includes(stream)) continue;
      // After the operation: what it adds in one step is read in one.
      this.turns.deliver(() => this.tryAgain(waiting));
    }
  }

  private tryAgain(waiting: Waiting): void {
    if (!this.waiting.has(waiting)) return;
    const found = this.attempt(() => readGroup(this.store, waiting.read));
    if (found !== null) waiting.end(found);
  }
}

function operationOf(name: string, [script = '']: readonly string[]): Operation | undefined {
  if (name === 'evalsha') return bySha.get(script);
  return name === 'eval' ? byText.get(script) : undefined;
}

function timer(ms: number, task: () => void): () => void {
  const set = setTimeout(task, ms).unref();
  return () => clearTimeout(set);
}
