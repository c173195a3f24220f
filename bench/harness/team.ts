// A peer at work: its broker, its service processes and its client process.
import { Absent, type Broker } from '../brokers/broker.js';
import { startBroker } from '../brokers/index.js';
import { PEERS, type Peer, type Settings } from '../peers/index.js';
import { sleep } from './clock.js';
import { isInstalled } from './libraries.js';
import type { ClientMember } from './client-member.js';
import { Member } from './member.js';
import type { ServiceMember } from './service-member.js';
import { load, type Usage } from './usage.js';
import type { Mark } from '../loads/load.js';
import type { Spec } from '../loads/spec.js';

export interface TeamOptions {
  services?: number;
  settings?: Settings;
  cpuProf?: string;
  /** by which the service is tried */
  pattern?: string;
}

export type Measured = Awaited<ReturnType<Team['measure']>>;

export class Team {
  readonly services: Member<ServiceMember>[] = [];
  readonly client: Member<ClientMember>;

  constructor(
    readonly peer: string,
    private readonly options: TeamOptions,
    readonly broker: Broker,
  ) {
    this.client = new Member<ClientMember>('client', peer, options.cpuProf);
  }

  /** Broker, services and client, answering. */
  static async start(peer: string, options: TeamOptions = {}) {
    const team = await Team.gather(peer, options);
    try {
      for (let i = 0; i < (options.services ?? 1); i++) await team.addService();
      await team.openClient();
      return team;
    } catch (error) {
      await team.stop();
      throw error;
    }
  }

  /** The broker, and a client that is not open yet. */
  static async gather(peer: string, options: TeamOptions = {}) {
    const { broker, brokerArgs, packages = [] } = PEERS[peer] as Peer;
    const missing = packages.find((name) => !isInstalled(name));
    if (missing !== undefined) throw new Absent(`the package ${missing} is not installed`);
    return new Team(peer, options, await startBroker(broker, brokerArgs));
  }

  async addService(settings: Settings = this.options.settings ?? {}) {
    const service = new Member<ServiceMember>('service', this.peer, this.options.cpuProf);
    this.services.push(service);
    await service.ask('open', { url: this.broker.url, settings });
    return service;
  }

  async openClient() {
    await this.client.ask('open', {
      url: this.broker.url,
      settings: this.options.settings ?? {},
    });
    await this.client.ask('ready', this.options.pattern ?? 'echo');
  }

  /** @param span seconds */
  async measure(spec: Spec, { warmup, duration }: { warmup: number; duration: number }) {
    await this.client.ask('begin', spec);
    await sleep(warmup * 1000);
    const before = await this.look();
    await sleep(duration * 1000);
    const after = await this.look();
    const unanswered = await this.client.ask('end');
    const { usage: _usage, ...answered } = after.mark;
    return {
      ...answered,
      unanswered,
      ...this.costs(before, after, answered.callsPerSecond),
      perService: after.calls.map((calls, i) => calls - (before.calls[i] ?? 0)),
    };
  }

  /** What everybody has done and used up so far. */
  async look() {
    const [mark, broker, ...services] = await Promise.all([
      this.client.ask('mark'),
      this.broker.usage(),
      ...this.services.map(async (service) => ({
        usage: await service.ask('usage'),
        counts: await service.ask('counts'),
      })),
    ]);
    return {
      mark: mark as Mark & { usage: Usage },
      client: mark.usage,
      services: services.map(({ usage }) => usage),
      calls: services.map(({ counts }) => counts.calls),
      broker,
    };
  }

  /** CPU seconds per 10,000 calls, and memory. */
  costs(
    before: Awaited<ReturnType<Team['look']>>,
    after: Awaited<ReturnType<Team['look']>>,
    perSecond: number,
  ) {
    const per10k = (from: Usage, to: Usage) => (load(from, to) / perSecond) * 10_000;
    const client = per10k(before.client, after.client);
    const service = after.services.reduce(
      (sum, usage, i) => sum + per10k(before.services[i] as Usage, usage),
      0,
    );
    const broker = before.broker && after.broker ? per10k(before.broker, after.broker) : 0;
    const megabytes = (bytes: number) => bytes / 1024 / 1024;
    return {
      cpuPer10k: client + service + broker,
      cpu: { client, service, broker },
      rssMb: {
        client: megabytes(after.client.rss),
        service: megabytes(Math.max(...after.services.map(({ rss }) => rss))),
        broker: after.broker ? megabytes(after.broker.rss) : null,
      },
    };
  }

  async stop() {
    await this.client.close();
    await Promise.all(this.services.map((service) => service.close()));
    await this.broker.stop();
  }
}
