// The story: three instances share the calls, one dies while it works, another joins, and two
// services each get every event.
import { setTimeout as pause } from 'node:timers/promises';
import type { Child, Surroundings } from './child.js';
import { Client, type Progress } from './client.js';
import { Service, type ServiceOptions } from './service.js';
import type { DemoResult } from './summary.js';
import type { View } from './view.js';
import { difference, handledEvents, repeatedExecutions, total, type Counts } from './accounts.js';

const answeredBeforeKill = 1_500;
const millisecondsBeforeKill = 6_000;
const answeredAfterJoin = 1_500;
const lookEveryMs = 100;
/**
 * Longer than a call may take: after this time a caller that waited for the dead instance has its answer, or
 * never gets one.
 */
const settledWithinMs = 40_000;
/** The lease of the dead instance, plus some looks at it, until others take its events over. */
const eventsWithinMs = 25_000;

export class Scenario {
  readonly services: Service[] = [];
  progress: Progress = { sent: 0, perInstance: {}, overdue: 0, oldestSentAt: 0 };
  private client: Client | undefined;

  constructor(
    private readonly surroundings: Surroundings,
    private readonly view: View,
  ) {}

  get children(): Child[] {
    return this.client ? [...this.services, this.client] : this.services;
  }

  async play(): Promise<DemoResult> {
    const { view } = this;
    const [, victim] = await Promise.all([
      this.start({ name: 'demo-1', group: 'demo' }),
      this.start({ name: 'demo-2', group: 'demo' }),
      this.start({ name: 'demo-3', group: 'demo' }),
      this.start({ name: 'audit-1', group: 'audit', eventsOnly: true }),
    ]);
    view.say('three instances of "demo" and one of "audit" are ready');
    const client = new Client(this.surroundings);
    this.client = client;
    for (const stop of await client.tour()) view.say(`  ${stop}`);

    await client.start();
    const startedAt = Date.now();
    const warm = await this.until(
      () =>
        total(this.progress.perInstance) >= answeredBeforeKill &&
        Date.now() - startedAt >= millisecondsBeforeKill &&
        victim.handlersRunning() > 0,
      settledWithinMs,
    );
    if (!warm)
      throw new Error(`${total(this.progress.perInstance)} calls answered: too few to go on`);
    const beforeKill = this.progress.perInstance;
    await victim.kill();
    const killedAt = Date.now();
    view.say(`${victim.name} killed with ${victim.handlersRunning()} calls in its handlers`);

    const joiner = await this.start({ name: 'demo-4', group: 'demo' });
    await this.look();
    const atJoin = this.progress.perInstance;
    view.say(`${joiner.name} joined`);
    // Not in time: go on all the same, because the summary says what is missing.
    if (await this.until(() => this.progress.oldestSentAt > killedAt, settledWithinMs)) {
      const seconds = ((Date.now() - killedAt) / 1000).toFixed(1);
      view.say(`${seconds} s after the kill, every call from before it is answered`);
    }
    const sinceJoin = () => total(difference(this.progress.perInstance, atJoin));
    await this.until(() => sinceJoin() >= answeredAfterJoin, settledWithinMs);

    view.close();
    const summary = await client.finish();
    const handled = await this.handledEvents(summary.events);
    await this.end(client);
    return {
      sent: summary.sent,
      answered: summary.answered,
      failed: summary.failed,
      lost: summary.lost,
      duplicated: repeatedExecutions(this.services),
      perInstance: summary.perInstance,
      beforeKill,
      afterJoin: difference(summary.perInstance, atJoin),
      events: { sent: summary.events, handled },
      killed: victim.name,
      joined: joiner.name,
      p50ms: summary.p50ms,
      p99ms: summary.p99ms,
    };
  }

  private start(options: ServiceOptions): Promise<Service> {
    const service = new Service({ ...options, ...this.surroundings });
    this.services.push(service);
    return service.ready();
  }

  private async look(): Promise<void> {
    if (this.client !== undefined) this.progress = await this.client.progress();
    this.view.show(this);
  }

  /** Waits until the condition holds, and says whether it did so in time. */
  private async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    const end = Date.now() + withinMs;
    for (;;) {
      await this.look();
      if (holds()) return true;
      if (Date.now() >= end) return false;
      await pause(lookEveryMs);
    }
  }

  private async handledEvents(sent: number): Promise<Counts> {
    const end = Date.now() + eventsWithinMs;
    const all = () => Object.values(handledEvents(this.services)).every((count) => count >= sent);
    while (!all() && Date.now() < end) await pause(lookEveryMs);
    return handledEvents(this.services);
  }

  private async end(client: Client): Promise<void> {
    const live = this.services.filter((service) => service.state === 'running');
    await Promise.all(
      live.map(async (service) => {
        const how = await service.terminate();
        if (how === 'SIGKILL') this.view.say(`${service.name} did not end when it was told to`);
      }),
    );
    await client.ended;
  }
}
