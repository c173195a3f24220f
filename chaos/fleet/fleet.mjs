// The services and callers of a run. A service has a slot and may have several lives in it.
import { join } from 'node:path';
import { now } from '../kit/time.mjs';
import { Child } from './child.mjs';

const program = (name) => new URL(`../processes/${name}.mjs`, import.meta.url);

export class Fleet {
  /** @type {Map<number, Child>} the present life of each slot */
  slots = new Map();
  /** @type {Child[]} */
  callers = [];
  /** @readonly */
  #lives = new Map();
  #ended = false;
  /** Told of a service that ended although nobody told it to. @type {((child: Child) => void) | undefined} */
  crashed;

  /**
   * @param {{ plan: object, folder: string, library: string, random: import('../kit/random.mjs').Random,
   *   log: import('../kit/history.mjs').History, urlFor: (name: string) => string,
   *   environmentFor: (name: string) => Record<string, string> }} of
   */
  constructor({ plan, folder, library, random, log, urlFor, environmentFor }) {
    this.plan = plan;
    this.folder = folder;
    this.library = library;
    this.random = random;
    this.log = log;
    this.urlFor = urlFor;
    this.environmentFor = environmentFor;
  }

  async start() {
    const { services, callers } = this.plan;
    for (let slot = 1; slot <= services; slot++) this.#startService(slot);
    await Promise.all([...this.slots.values()].map(({ up }) => up));
    for (let n = 1; n <= callers; n++) this.callers.push(this.#startCaller(`caller-${n}`));
    await Promise.all(this.callers.map(({ up }) => up));
  }

  /** Services that run and are not frozen. */
  get services() {
    return [...this.slots.values()].filter(({ isAlive, frozen }) => isAlive && !frozen);
  }

  get all() {
    return [...this.slots.values(), ...this.callers].filter(({ isAlive }) => isAlive);
  }

  slotOf(child) {
    return [...this.slots].find(([, each]) => each === child)?.[0];
  }

  /** A new life in the slot of one that has ended. */
  async replace(child) {
    const next = this.#startService(this.slotOf(child));
    await next.up;
    return next;
  }

  /** Starts a service again whenever it ends without being told to, as an orchestrator does. */
  keepAlive() {
    this.restartsCrashed = true;
  }

  async loadAll(load) {
    await Promise.all(this.callers.map((caller) => caller.ask('load', load, load.within)));
  }

  /** What every living process holds; noted under `when`. */
  async vitals(when) {
    await Promise.all(
      this.all.map(async (child) => {
        const found = await child.ask('vitals');
        this.log.write({ k: 'vitals', when, name: child.name, kind: child.kind, ...found });
      }),
    );
  }

  /** Callers first: services must be able to answer what is still open. */
  async end() {
    this.#ended = true;
    this.log.write({ k: 'ending', t: now() });
    await Promise.all(
      this.callers.map(async (caller) => {
        caller.expected ??= 'end';
        await caller.ask('close', {}, 5000);
        await caller.kill('end');
      }),
    );
    await Promise.all([...this.slots.values()].map((child) => child.terminate('end')));
  }

  async killAll() {
    this.#ended = true;
    await Promise.all(this.all.map((child) => child.kill('abandoned')));
  }

  #startService(slot) {
    const life = (this.#lives.get(slot) ?? 0) + 1;
    this.#lives.set(slot, life);
    const name = `service-${slot}.${life}`;
    const { leaseTtl, concurrency, prefix, serverOptions, effects } = this.plan;
    const url = this.urlFor(name);
    const options = { url, prefix, group: 'service', leaseTtl, concurrency, ...serverOptions };
    const child = this.#child(name, 'service', {
      options,
      ...(effects ? { effects: { url, key: 'effects' } } : {}),
    });
    this.slots.set(slot, child);
    void child.ended.then(() => {
      if (this.#ended || !this.restartsCrashed || child.expected !== undefined) return;
      this.crashed?.(child);
      if (this.slots.get(slot) === child) this.#startService(slot);
    });
    return child;
  }

  #startCaller(name) {
    const { timeout, prefix, clientOptions, mix } = this.plan;
    const options = { url: this.urlFor(name), prefix, timeout, ...clientOptions };
    return this.#child(name, 'caller', { options, mix, seed: this.random.fork(name).seed });
  }

  #child(name, kind, given) {
    const { folder, library, log } = this;
    return new Child({
      name,
      kind,
      log,
      file: program(kind),
      given: { ...given, library, history: join(folder, `${kind}s`, `${name}.jsonl`) },
      output: join(folder, `${name}.out`),
      environment: this.environmentFor(name),
    });
  }
}
