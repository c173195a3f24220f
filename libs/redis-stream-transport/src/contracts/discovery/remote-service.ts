import type { ClientProxy } from '@nestjs/microservices';
import { visible } from '../../protocol/visible.js';
import { assertTakesOptions } from '../call/client-methods.js';
import type { CallOptions } from '../call/contract-client.js';
import { ContractError } from '../declare/contract-error.js';
import { MethodCalls } from '../call/method-calls.js';
import type { ContractSchema } from '../schema/contract-schema.js';
import { schemaDefinition } from './schema-definition.js';
import { loadSchemaTools } from './schema-tools.js';
import { SchemaArguments } from './schema-arguments.js';

/** What a call of a method gives depends on the service: a Promise, or a `StreamedReply`. */
type Whatever = ReturnType<typeof JSON.parse>;

/**
 * A service as it was found at run time, a function per method. Commands and events give a Promise, streamed
 * methods a `StreamedReply`. Rejects as a contract's client does: `ContractValidationError` before anything is
 * sent, `RemoteError` for what the handler threw, and ContractError NOT_SERVED for a method that is not served.
 */
export type RemoteService = {
  /** The same service with options for the calls that are made on what it returns. */
  with(options: CallOptions): RemoteService;
} & Readonly<Record<string, (...args: readonly Whatever[]) => Whatever>>;

/** Milliseconds after which what is known of a service is looked up again, during the next call. */
const OLD = 15_000;
/** Milliseconds between two questions about methods that are not known. */
const PAUSE = 1000;

interface Known {
  readonly hash: string;
  readonly kinds: ReadonlyMap<string, string>;
  readonly calls: ReadonlyMap<string, MethodCalls>;
}

/** The calls of one service, kept up to date with what is announced. */
export class RemoteCalls {
  private known: Known | undefined;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly proxy: ClientProxy,
    private readonly look: () => Promise<ContractSchema>,
  ) {}

  /** Looks up what is announced now; one look at a time. */
  refresh(): Promise<void> {
    this.looking ??= this.lookUp().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  service(options?: CallOptions): RemoteService {
    const methods = new Map<string, unknown>();
    const find = (name: string): unknown => {
      if (name === 'with') return (more: CallOptions) => this.with({ ...options, ...more });
      let method = methods.get(name);
      if (method === undefined) {
        method = (...args: readonly unknown[]) => this.start(name, args, options);
        if (this.known?.calls.has(name) === true) methods.set(name, method);
      }
      return method;
    };
    return new Proxy({} as RemoteService, {
      // It must not look like a promise, even if the service has a method `then`.
      get: (_, name) => (typeof name === 'symbol' || name === 'then' ? undefined : find(name)),
      has: (_, name) => typeof name === 'string' && this.known?.calls.has(name) === true,
      ownKeys: () => [...(this.known?.calls.keys() ?? [])],
      getOwnPropertyDescriptor: (_, name) =>
        typeof name === 'string' && this.known?.calls.has(name) === true
          ? { value: find(name), enumerable: true, configurable: true }
          : undefined,
    });
  }

  private with(options: CallOptions): RemoteService {
    assertTakesOptions(this.proxy, { prefix: this.name });
    return this.service(options);
  }

  private start(name: string, args: readonly unknown[], options: CallOptions | undefined): unknown {
    if (performance.now() - this.lookedAt > OLD) this.refresh().catch(() => undefined);
    const call = this.known?.calls.get(name);
    return call === undefined ? this.startNew(name, args, options) : call.start(args, options);
  }

  /** Calls a method that is not known: it may have been deployed since the last look. */
  private async startNew(
    name: string,
    args: readonly unknown[],
    options: CallOptions | undefined,
  ): Promise<unknown> {
    if (performance.now() - this.lookedAt > PAUSE) await this.refresh();
    const call = this.known?.calls.get(name);
    if (call === undefined) {
      const there = [...(this.known?.calls.keys() ?? [])].join(', ');
      const told = `${this.name} has no method ${name}, but ${there}`;
      throw new ContractError('NOT_SERVED', visible(told));
    }
    if (this.known?.kinds.get(name) !== 'streamed') {
      const answer: unknown = call.start(args, options);
      return answer;
    }
    const told = `${this.name}.${name} is streamed, which was not known yet; call it again`;
    throw new ContractError('INVALID_CALL', told);
  }

  private async lookUp(): Promise<void> {
    this.lookedAt = performance.now();
    const tools = await loadSchemaTools();
    const schema = await this.look();
    if (schema.hash === this.known?.hash) return;
    const definition = schemaDefinition(schema);
    const calls = new Map<string, MethodCalls>();
    for (const [name, method] of definition.methods) {
      const described = schema.methods[name];
      if (described === undefined) continue;
      const checked = new SchemaArguments(described, schema.$defs, tools);
      calls.set(name, new MethodCalls(definition, method, this.proxy, { args: checked }));
    }
    const kinds = new Map([...definition.methods].map(([name, { kind }]) => [name, kind]));
    this.known = { hash: schema.hash, kinds, calls };
  }
}
