import { Logger } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { RedisStreamsError } from '../../errors.js';
import type { ClientRedisStreams } from '../../nest/client-redis-streams.js';
import { visible } from '../../protocol/visible.js';
import { CommandFailure } from '../../redis/failure.js';
import { callStats, type CallStats, type MethodCounts } from '../announce/tally.js';
import { factsOf } from '../announce/contract-facts.js';
import { ContractError } from '../declare/contract-error.js';
import { directoryOf } from '../directory/directory-of.js';
import type { ServiceDirectory, ServiceInstance } from '../directory/service-directory.js';
import type { ContractSchema } from '../schema/contract-schema.js';
import {
  describedInstance,
  describedMethods,
  type DiscoveredInstance,
  type DiscoveredService,
} from './described-service.js';
import { RemoteCalls, type RemoteService } from './remote-service.js';
import { SchemaShelf } from './schema-shelf.js';
import { servedPatterns, type ServedPattern } from './served-patterns.js';

/** Services that are looked at together. */
const TOGETHER = 20;
/** Services that are left out with a line in the log, each once. */
const MOST_TOLD = 100;

export interface DiscoveryOptions {
  /** Milliseconds that `ping` and `stats` wait for instances that do not answer. Default: 500. */
  readonly patience?: number;
}

export interface DiscoveredPattern extends ServedPattern {
  /** The announced contract that has it; undefined: it is a plain pattern. */
  readonly contract: string | undefined;
}

export interface PingAnswer extends DiscoveredInstance {
  /** Until it answered, by Redis' clock; undefined if it did not, although its lease holds. */
  readonly milliseconds: number | undefined;
}

export interface InstanceStats extends DiscoveredInstance, CallStats {
  /** Whether it answered; else these are the figures of its last renewal. */
  readonly fresh: boolean;
  /** Of methods that were called. */
  readonly methods: Readonly<Record<string, CallStats>>;
}

/** Sums over the live instances, each since it was started. */
export interface ServiceStats extends CallStats {
  readonly name: string;
  readonly methods: Readonly<Record<string, CallStats>>;
  readonly instances: readonly InstanceStats[];
}

/**
 * Tells at run time which services there are: for tools, and for callers that have no contract. Needs a
 * `ClientRedisStreams`, which stays its owner's; every method connects it.
 *
 * @example
 * const discovery = new Discovery(client);
 * const files = await discovery.service('files');
 * await files.upload({ name: 'a.txt' });
 */
export class Discovery {
  private readonly directory: ServiceDirectory;
  private readonly schemas: SchemaShelf;
  private readonly patience: number;
  private readonly logger = new Logger('Contracts');
  /** Services for which there was such a line. */
  private readonly told = new Set<string>();

  /** @throws ContractError INVALID_CALL on another transport */
  constructor(
    private readonly client: ClientProxy,
    { patience = 500 }: DiscoveryOptions = {},
  ) {
    const directory = directoryOf(client);
    if (directory === undefined) {
      const told = `discovery needs a ClientRedisStreams, not ${client.constructor.name}`;
      throw new ContractError('INVALID_CALL', told);
    }
    this.directory = directory;
    this.schemas = new SchemaShelf(directory);
    this.patience = patience;
  }

  /** Names of the services that live instances announce, 1,000 at most, sorted. */
  names(): Promise<string[]> {
    return this.directory.names();
  }

  /**
   * All services: their methods, and their instances. What is announced and is no contract, or is of another
   * type in Redis, is left out, with a line in the log.
   * @throws RedisStreamsError REDIS when Redis refuses to tell about one of them: there is no partial list
   */
  async discover(): Promise<DiscoveredService[]> {
    const names = await this.names();
    const found: DiscoveredService[] = [];
    for (let from = 0; from < names.length; from += TOGETHER) {
      const page = names.slice(from, from + TOGETHER);
      const described = await Promise.all(page.map((name) => this.describeIfReadable(name)));
      found.push(...described.filter((one) => one !== undefined));
    }
    // An instance may have left meanwhile.
    return found.filter(({ instances }) => instances.length > 0);
  }

  /**
   * What live instances serve, with a contract or without: by pattern, then by group. Looks through all keys of Redis.
   * While Redis is away it waits for the connection first, however long that takes: `within` begins after it.
   *
   * @param within milliseconds. Default: 10,000
   * @throws RedisStreamsError TIMEOUT: not all had been looked at by then; INVALID_OPTION, REDIS, NOT_CONNECTED
   */
  async patterns(within = 10_000): Promise<DiscoveredPattern[]> {
    if (!(within > 0)) {
      const told = 'Discovery: "within" must be a number of milliseconds above 0';
      throw new RedisStreamsError('INVALID_OPTION', told);
    }
    const client = this.client as ClientRedisStreams;
    const [served, contracts] = await Promise.all([
      servedPatterns(client, within),
      this.discover(),
    ]);
    const owners = new Map(
      contracts.flatMap(({ name, methods }) => methods.map(({ pattern }) => [pattern, name])),
    );
    return served.map((one) => Object.assign({ contract: owners.get(one.pattern) }, one));
  }

  /**
   * One service: its methods, and its instances.
   * @throws ContractError NOT_SERVED: no live instance announces it
   */
  async info(name: string): Promise<DiscoveredService> {
    const { described } = await this.describe(name);
    if (described.instances.length === 0) throw notServed(name, []);
    return described;
  }

  /**
   * The schema of a contract that is served.
   * @param version one of several that are served; default: the newest
   * @throws ContractError NOT_SERVED: no live instance announces it, or none in this version
   */
  async schema(name: string, version?: string): Promise<ContractSchema> {
    const instances = await this.directory.instances(name);
    const { schema } = await this.schemas.newest(instances, version);
    if (schema === undefined) throw notServed(name, instances);
    return schema;
  }

  /** Asks every instance of a service for a sign of life; an empty list if there is none. */
  async ping(name: string): Promise<PingAnswer[]> {
    const instances = await this.directory.instances(name, this.patience);
    return instances.map((one) =>
      Object.assign(describedInstance(one), { milliseconds: one.answeredAfter }),
    );
  }

  /** Asks every instance of a service what its methods have done since it was started. */
  async stats(name: string): Promise<ServiceStats> {
    const instances = await this.directory.instances(name, this.patience);
    const counts = instances.map((one) => ({ ...factsOf(one)?.methods }));
    const methods = new Map<string, MethodCounts[]>();
    for (const [method, one] of counts.flatMap((all) => Object.entries(all))) {
      methods.set(method, [...(methods.get(method) ?? []), one]);
    }
    return {
      name,
      ...callStats(counts.flatMap((all) => Object.values(all))),
      methods: Object.fromEntries([...methods].map(([method, all]) => [method, callStats(all)])),
      instances: instances.map((one, i) => instanceStats(one, counts[i] ?? {})),
    };
  }

  /**
   * Calls a service by what it announces. Arguments are checked against its JSON Schema before they are
   * sent; `ajv` and `ajv-formats` must be installed. What a service learns later can be called too.
   * @throws ContractError NOT_SERVED: no live instance announces it; NOT_INSTALLED
   */
  async service(name: string): Promise<RemoteService> {
    const calls = new RemoteCalls(name, this.client, () => this.schema(name));
    await calls.refresh();
    return calls.service();
  }

  private async describeIfReadable(name: string): Promise<DiscoveredService | undefined> {
    let reason = 'the document that it announces is no contract';
    try {
      const { described, strange } = await this.describe(name);
      if (!strange) return described;
    } catch (error) {
      if (!isOfAnotherType(error)) throw error;
      reason = error.message;
    }
    this.leftOut(name, reason);
    return undefined;
  }

  private leftOut(name: string, reason: string): void {
    if (this.told.has(name) || this.told.size >= MOST_TOLD) return;
    this.told.add(name);
    const line = visible(`${name} is left out of what is served: ${reason}`);
    this.logger.warn(line, { code: 'CONTRACT_LEFT_OUT' });
  }

  /** `strange`: what it announces as its contract is none. */
  private async describe(
    name: string,
  ): Promise<{ readonly described: DiscoveredService; readonly strange: boolean }> {
    const instances = await this.directory.instances(name);
    const { schema, passedOver } = await this.schemas.newest(instances);
    const described = {
      name,
      version: schema?.version,
      doc: schema?.doc,
      methods: schema === undefined ? [] : describedMethods(schema),
      instances: instances.map((one) => describedInstance(one)),
    };
    return { described, strange: schema === undefined && passedOver };
  }
}

/**
 * Whether a key that belongs to one service is of another type. Other refusals (no right to read it, a server that is
 * busy or loading) say nothing about the service: to leave it out would mean that it is not served.
 */
function isOfAnotherType(error: unknown): error is RedisStreamsError {
  if (!RedisStreamsError.isRedisStreamsError(error)) return false;
  const { cause } = error;
  return cause instanceof CommandFailure && cause.reply === 'WRONGTYPE';
}

function instanceStats(
  instance: ServiceInstance,
  counts: Readonly<Record<string, MethodCounts>>,
): InstanceStats {
  const methods = Object.entries(counts).map(([name, one]) => [name, callStats([one])] as const);
  return {
    ...describedInstance(instance),
    fresh: instance.answeredAfter !== undefined,
    ...callStats(Object.values(counts)),
    methods: Object.fromEntries(methods),
  };
}

function notServed(name: string, instances: readonly ServiceInstance[]): ContractError {
  const versions = [...new Set(instances.flatMap((one) => schemaVersion(one) ?? []))];
  const told =
    instances.length === 0
      ? `no live instance announces ${name}`
      : `${name} is served ${versions.length === 0 ? 'without a schema' : `as ${versions.join(', ')}`}`;
  return new ContractError('NOT_SERVED', visible(told));
}

function schemaVersion(instance: ServiceInstance): string | undefined {
  return instance.document === undefined ? undefined : factsOf(instance)?.version;
}
