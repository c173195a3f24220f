import { Logger, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  type ContractClass,
  contractClient,
  type ContractClient,
  contractSchema,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import type { Caller, OpenTransport, Place, Ready } from './place.js';
import type { VictimOptions } from './victim.js';
import { Victim } from './victim-process.js';

/** The patterns of what is answered, and of all that is sent. */
async function patternsOf(contract: ContractClass): Promise<{ requests: string[]; all: string[] }> {
  const methods = Object.values((await contractSchema(contract)).methods);
  const requests = methods.filter(({ kind }) => kind !== 'event').map(({ pattern }) => pattern);
  return { requests, all: methods.map(({ pattern }) => pattern) };
}

/** The topics of contracts on Kafka: a pattern each, and one more for the answers. */
async function topicsOf(contracts: readonly ContractClass[]): Promise<string[]> {
  const patterns = await Promise.all(contracts.map(patternsOf));
  return patterns.flatMap(({ requests, all }) => [
    ...all,
    ...requests.map((pattern) => `${pattern}.reply`),
  ]);
}

/** Services and callers of a test in one place; `close` closes them, the callers first. */
export class Stage {
  private readonly instances = new Map<string, number>();
  private readonly open: { close(): unknown }[] = [];

  private constructor(
    private readonly place: Place,
    private readonly ready: Ready = async () => {},
    private readonly drivers: readonly string[] = [],
  ) {
    Logger.overrideLogger(false);
  }

  static async open(
    transport: OpenTransport,
    contracts: readonly ContractClass[],
    exact = false,
  ): Promise<Stage> {
    const topics = await topicsOf(contracts);
    const place = await (exact ? transport.exact!(topics) : transport.place(topics));
    return new Stage(place, transport.ready, transport.drivers);
  }

  /** Starts one more instance of a service; returns how to stop it early. */
  async serve(service: string, controller: Type): Promise<() => Promise<void>> {
    const instance = this.instances.get(service) ?? 0;
    this.instances.set(service, instance + 1);
    const testing = await Test.createTestingModule({ controllers: [controller] }).compile();
    const app = testing.createNestMicroservice({
      ...this.place.server(service, instance),
      logger: false,
    });
    await app.listen();
    this.open.push(app);
    await this.ready(app);
    return async () => {
      this.open.splice(this.open.indexOf(app), 1);
      this.instances.set(service, instance);
      await app.close();
    };
  }

  /** Starts an instance in a process of its own. It begins all that it gets of a pattern, and ends none of it. */
  async victim(service: string, contract: ContractClass): Promise<Victim> {
    this.instances.set(service, (this.instances.get(service) ?? 0) + 1);
    const { requests } = await patternsOf(contract);
    const pattern = requests.find((name) => name.endsWith('.work'));
    const options = this.place.apart?.(service) ?? this.place.server(service, 0);
    const victim = Victim.start({ options, drivers: this.drivers, pattern } as VictimOptions);
    this.open.push({ close: () => victim.kill() });
    await eventually(() => expect(victim.said).toContain('listening'), 60_000, 20);
    return victim;
  }

  async proxy(service: string, contract: ContractClass): Promise<Caller> {
    const proxy = this.place.client(service, (await patternsOf(contract)).requests);
    this.open.push(proxy);
    return proxy;
  }

  /** A caller of a service that is connected, unless it cannot be. */
  async client<C extends object>(
    service: string,
    contract: ContractClass<C>,
  ): Promise<ContractClient<C>> {
    const proxy = await this.proxy(service, contract);
    await proxy.connect().catch(() => undefined);
    return contractClient(contract, proxy);
  }

  async close(): Promise<void> {
    for (const one of this.open.splice(0).toReversed()) await one.close();
  }
}
