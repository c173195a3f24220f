// A peer at work: its broker, its service processes and its client process.
import { startBroker } from '../brokers/index.mjs';
import { PEERS } from '../peers/index.mjs';
import { sleep } from './clock.mjs';
import { Member } from './member.mjs';
import { load } from './usage.mjs';

/** @typedef {import('./usage.mjs').Usage} Usage */

/**
 * @typedef {object} Spec
 * @property {'closed' | 'open'} load
 * @property {string} pattern
 * @property {import('./payloads.mjs').PayloadName} payload
 * @property {number} [concurrency] closed loop
 * @property {number} [rate] open loop
 */

/**
 * @typedef {object} TeamOptions
 * @property {number} [services]
 * @property {import('../peers/index.mjs').Settings} [settings]
 * @property {string} [cpuProf]
 * @property {string} [pattern] by which the service is tried
 */

/** @typedef {ReturnType<Team['measure']> extends Promise<infer Measured> ? Measured : never} Measured */

export class Team {
  /** @type {Member[]} */
  services = [];
  /** @type {import('../brokers/index.mjs').Broker} */
  broker;
  /** @type {Member} */
  client;

  /**
   * @param {string} peer
   * @param {TeamOptions} options
   * @param {import('../brokers/index.mjs').Broker} broker
   */
  constructor(peer, options, broker) {
    this.peer = peer;
    this.options = options;
    this.broker = broker;
    this.client = new Member('client', peer, options.cpuProf);
  }

  /** Broker, services and client, answering. @param {string} peer @param {TeamOptions} [options] */
  static async start(peer, options = {}) {
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

  /** The broker, and a client that is not open yet. @param {string} peer @param {TeamOptions} [options] */
  static async gather(peer, options = {}) {
    const { broker, brokerArgs } = /** @type {import('../peers/index.mjs').Peer} */ (PEERS[peer]);
    return new Team(peer, options, await startBroker(broker, brokerArgs));
  }

  /** @param {import('../peers/index.mjs').Settings} [settings] */
  async addService(settings = this.options.settings ?? {}) {
    const service = new Member('service', this.peer, this.options.cpuProf);
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

  /** @param {Spec} spec @param {{ warmup: number, duration: number }} span seconds */
  async measure(spec, { warmup, duration }) {
    await this.client.ask('begin', spec);
    await sleep(warmup * 1000);
    const before = await this.look();
    await sleep(duration * 1000);
    const after = await this.look();
    const unanswered = await this.client.ask('end');
    const { usage: _usage, ...answered } = after.mark;
    return {
      ...answered,
      unanswered: /** @type {number} */ (unanswered),
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
        usage: /** @type {Usage} */ (await service.ask('usage')),
        counts: await service.ask('counts'),
      })),
    ]);
    return {
      mark: /** @type {import('../loads/load.mjs').Mark & { usage: Usage }} */ (mark),
      client: /** @type {Usage} */ (mark.usage),
      services: services.map(({ usage }) => usage),
      calls: services.map(({ counts }) => /** @type {number} */ (counts.calls)),
      broker,
    };
  }

  /**
   * CPU seconds per 10,000 calls, and memory.
   * @param {Awaited<ReturnType<Team['look']>>} before
   * @param {Awaited<ReturnType<Team['look']>>} after
   * @param {number} perSecond
   */
  costs(before, after, perSecond) {
    const per10k = (/** @type {Usage} */ from, /** @type {Usage} */ to) =>
      (load(from, to) / perSecond) * 10_000;
    const client = per10k(before.client, after.client);
    const service = after.services.reduce(
      (sum, usage, i) => sum + per10k(/** @type {Usage} */ (before.services[i]), usage),
      0,
    );
    const broker = before.broker && after.broker ? per10k(before.broker, after.broker) : 0;
    const megabytes = (/** @type {number} */ bytes) => bytes / 1024 / 1024;
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
