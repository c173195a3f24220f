// The services and callers of a run. A service has a slot; a restart begins a new life in the same slot.
import { join } from 'node:path';
import type { History } from '../kit/history.js';
import type { Random } from '../../tools/random.js';
import { now } from '../kit/time.js';
import { Child, type Kind, type News } from './child.js';
import { effectsKey } from './inspection.js';
import type { WholePlan } from './plan.js';

export interface FleetOptions {
  readonly plan: WholePlan;
  /** Folder of the histories. */
  readonly folder: string;
  /** URL of the library as one file. */
  readonly library: string;
  readonly random: Random;
  readonly log: History;
  /** Options that lead the process with this name to Redis. */
  whereFor(name: string): object;
  /** URL of the server that keeps the effects of handlers. */
  readonly effectsUrl: string | undefined;
  environmentFor(name: string): Record<string, string>;
}

/** The calls that each caller makes. */
export interface Load {
  readonly count: number;
  /** Calls per second; 0: all at once. */
  readonly rate: number;
  /** Calls that may be open at once. */
  readonly cap: number;
  /** The caller goes on after `count` calls, until it is told to stop. */
  readonly patient: boolean;
  /** Warm-up: calls that break nothing and are not counted. */
  readonly warmUp?: boolean;
  /** Milliseconds after which the caller must be done. */
  readonly within: number;
}

export class Fleet {
  /** The present life of each slot. */
  readonly slots = new Map<number, Child>();
  readonly callers: Child[] = [];
  private readonly lives = new Map<number, number>();
  private isOver = false;
  private restartsCrashed = false;
  /** Called when a service ends that was not told to end. */
  crashed: ((child: Child) => void) | undefined;

  constructor(private readonly options: FleetOptions) {}

  async start(): Promise<void> {
    const { services, callers } = this.options.plan;
    for (let slot = 1; slot <= services; slot++) this.startService(slot);
    await Promise.all([...this.slots.values()].map(({ up }) => up));
    for (let n = 1; n <= callers; n++) this.callers.push(this.startCaller(`caller-${n}`));
    await Promise.all(this.callers.map(({ up }) => up));
  }

  /** Services that run and are not frozen. */
  get services(): Child[] {
    return [...this.slots.values()].filter(({ isAlive, frozen }) => isAlive && !frozen);
  }

  get all(): Child[] {
    return [...this.slots.values(), ...this.callers].filter(({ isAlive }) => isAlive);
  }

  /** Starts a new life in the slot of a service that has ended. */
  async replace(child: Child): Promise<Child> {
    const slot = [...this.slots].find(([, each]) => each === child)?.[0];
    if (slot === undefined) throw new Error(`${child.name} has no slot`);
    const next = this.startService(slot);
    await next.up;
    return next;
  }

  /** Starts a service again whenever it ends without being told to, as an orchestrator does. */
  keepAlive(): void {
    this.restartsCrashed = true;
  }

  async loadAll(load: Load): Promise<void> {
    await Promise.all(this.callers.map((caller) => caller.ask('load', load, load.within)));
  }

  /** Asks every living process what it holds, and notes it under `when`. */
  async vitals(when: 'before' | 'after'): Promise<void> {
    await Promise.all(
      this.all.map(async (child) => {
        const found = await child.ask<object>('vitals');
        this.options.log.write({ k: 'vitals', when, name: child.name, kind: child.kind, ...found });
      }),
    );
  }

  /** Ends callers first, because services must be able to answer open calls. */
  async end(): Promise<void> {
    this.isOver = true;
    this.options.log.write({ k: 'ending', t: now() });
    await Promise.all(
      this.callers.map(async (caller) => {
        caller.expected ??= 'end';
        await caller.ask('close', {}, 5000);
        await caller.endBy('end');
      }),
    );
    await Promise.all([...this.slots.values()].map((child) => child.leave('end')));
  }

  async killAll(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.all.map((child) => child.endBy('abandoned')));
  }

  private startService(slot: number): Child {
    const life = (this.lives.get(slot) ?? 0) + 1;
    this.lives.set(slot, life);
    const name = `service-${slot}.${life}`;
    const { leaseTtl, concurrency, prefix, serverOptions, effects } = this.options.plan;
    const { spread, classes } = this.options.plan;
    const { effectsUrl: url } = this.options;
    const where = this.options.whereFor(name);
    const own = { prefix, group: 'service', leaseTtl, concurrency };
    const options = { ...where, ...own, ...serverOptions };
    const inPython = slot <= (this.options.plan.python ?? 0);
    const child = this.child(
      name,
      'service',
      {
        options,
        ...{ spread, classes },
        sealing: this.sealing('service'),
        ...(effects ? { effects: { url, key: effectsKey(prefix) } } : {}),
      },
      inPython,
    );
    this.slots.set(slot, child);
    void child.ended.then(() => {
      if (this.isOver || !this.restartsCrashed || child.expected !== undefined) return;
      this.crashed?.(child);
      if (this.slots.get(slot) === child) this.startService(slot);
    });
    return child;
  }

  private startCaller(name: string): Child {
    const { timeout, prefix, clientOptions, mix, bursts, classes } = this.options.plan;
    const options = { ...this.options.whereFor(name), prefix, timeout, ...clientOptions };
    const { seed } = this.options.random.fork(name);
    const sealing = this.sealing(name);
    return this.child(name, 'caller', { options, sealing, mix, bursts, seed, classes });
  }

  /** The next caller makes a call for one that wants it, which hears when that has ended. */
  private async passOn({ kind, call }: News, from: Child): Promise<void> {
    if (kind !== 'pass on' || call === undefined) return;
    const { callers, options } = this;
    const next = callers[(callers.indexOf(from) + 1) % callers.length];
    await next?.ask('make', { call }, 2 * options.plan.timeout);
    if (from.isAlive) from.tell({ kind: 'made', id: call.id });
  }

  /** What a process is to seal with, if messages are sealed. */
  private sealing(name: string): object | undefined {
    const { sealed } = this.options.plan;
    return sealed && { name, keys: [{ id: 'k', ...sealed }] };
  }

  private child(name: string, kind: Kind, given: object, inPython = false): Child {
    const { folder, library, log } = this.options;
    return new Child({
      name,
      kind,
      inPython,
      log,
      given: { ...given, library, history: join(folder, `${kind}s`, `${name}.jsonl`) },
      output: join(folder, `${name}.out`),
      environment: this.options.environmentFor(name),
      heard: (news, from) => void this.passOn(news, from),
    });
  }
}
