import { CommandFailure } from '../../libs/redis-stream-transport/src/redis/failure.js';
import { decodeFrame, REPLY } from '../../libs/redis-stream-transport/src/protocol/frame.js';
import { chance, Dice } from './dice.js';
import { History } from './history.js';
import { Caller, GROUP, Instance, keys, STREAM, type Process } from './processes.js';
import type { RedisAtHand, Snapshot } from './redis-at-hand.js';
import type { Packet, SteppedConnection, SteppedLink } from './stepped-link.js';
import { Timeline } from './time.js';

/** What may break, and (behind the colon) what callers and handlers may do besides. */
export const FAULTS = [
  'cut', // a connection ends, with all that is on its way
  'late', // what was on its way takes effect later, behind newer commands
  'oom', // memory is full for a while
  'refusal', // Redis answers BUSY
  'noscript', // Redis forgets its scripts
  'crash', // kill -9 of an instance
  'freeze', // a process stands still for a while
  'close', // an instance leaves gracefully
  'expiry', // a lease ends early: Redis' clock jumped
  'group', // somebody destroys the consumer group
  'flush', // Redis loses everything
  'failover', // Redis falls back to an older state, under another run id
  'pause', // nothing happens for minutes
  'cancel', // callers: give calls up
  'short', // callers: ask for answers sooner than they may come
  'once', // callers: calls that may be started once only
  'retry', // handlers: ask for another attempt
] as const;
export type Fault = (typeof FAULTS)[number];

interface Action {
  readonly weight: number;
  readonly act: () => unknown;
}

const STEPS = 320;
/** Steps within which everything comes to rest when nothing breaks any more. */
const REST = 6000;
/** Steps within which calls end that need not wait for their deadline. */
const SOON = 1500;
const CALLS = 16;

/**
 * Real clients and real instances of a service around a real Redis, one step at a time: a packet arrives,
 * an answer is heard, a handler returns, time passes, something breaks. The dice choose.
 */
export class World {
  readonly history = new History();
  readonly timeline = new Timeline();
  readonly dice: Dice;
  readonly trace: string[] = [];
  private readonly callers: Caller[] = [];
  private readonly instances: Instance[] = [];
  private readonly lateOnes: Packet[][] = [];
  private snapshots: Snapshot[] = [];
  /** Counts what may have changed what a blocked read finds. */
  private changes = 0;
  private started = 0;
  private full = false;
  readonly hasPacks: boolean;

  constructor(
    private readonly redis: RedisAtHand,
    readonly seed: number,
    private readonly faults: ReadonlySet<Fault>,
  ) {
    this.dice = new Dice(seed);
    this.hasPacks = seed % 2 === 0;
    chance.dice = new Dice(seed + 1);
  }

  /** Throws a Violation. */
  async run(): Promise<void> {
    try {
      await this.live();
    } catch (error) {
      // A machine that stood still is not what is tested here.
      if (!this.redis.stalled) throw error;
      this.note(`no verdict: ${String(error)}`);
    }
  }

  private async live(): Promise<void> {
    await this.redis.reset();
    this.redis.published = (channel, text) => this.published(channel, text);
    this.callers.push(new Caller('caller', this));
    this.startInstance();
    this.startInstance();
    for (let step = 0; step < STEPS; step++) await this.step([...this.work(), ...this.breakage()]);
    await this.comeToRest();
    this.history.close(this.timeline.now);
    if (this.history.violation !== undefined) throw this.history.violation;
  }

  late(packets: Packet[]): void {
    if (packets.length > 0 && this.faults.has('late')) this.lateOnes.push(packets);
  }

  note(text: string): void {
    this.trace.push(`${this.timeline.now} ${text}`);
  }

  // ---- One step

  private async step(actions: readonly Action[]): Promise<void> {
    await this.dice.weighed(actions).act();
    await this.calm();
    if (this.history.violation !== undefined) throw this.history.violation;
  }

  /** Until all that the processes do by themselves is done. */
  private async calm(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** What happens when nothing breaks. */
  private work(quiet = false): Action[] {
    const actions: Action[] = [];
    const add = (weight: number, act: () => unknown): void => void actions.push({ weight, act });
    let travelling = 0;
    for (const process of this.processes) {
      for (const link of process.links) {
        const { connection } = link;
        if (connection === undefined) {
          if (link.wantsConnection && process.awake) add(3, () => link.connect());
          continue;
        }
        if (this.canArrive(connection)) {
          travelling++;
          add(6, () => this.arrive(process, connection));
        }
        if (process.awake && connection.toProcess.length > 0) {
          travelling++;
          add(6, () => connection.toProcess.shift()?.());
        }
      }
    }
    for (const instance of this.instances) {
      if (!instance.awake) continue;
      for (const delivery of instance.running) {
        if (!quiet && this.faults.has('retry') && delivery.history.attempts === 0 && !delivery.once)
          add(0.3, () => instance.retry(delivery));
        add(quiet ? 2 : 0.7, () => instance.finish(delivery));
      }
    }
    if (this.instances.filter(({ dead, over }) => !dead && !over).length < 2)
      add(3, () => this.startInstance());
    if (quiet) {
      add(2, () => this.passUntilNext(travelling > 0 ? 400 : 9000));
    } else {
      add(2, () => this.passUntilNext(400));
      // Timers may be late: processes are busy, and packets take their time.
      add(2, () => this.pass(this.dice.pick([60, 300, 1000])));
    }
    return actions;
  }

  private breakage(): Action[] {
    const actions: Action[] = [];
    // Fewer kinds of faults, more of each.
    const zeal = Math.min(3, 9 / Math.max(1, this.faults.size));
    const add = (fault: Fault | undefined, weight: number, act: () => unknown): void => {
      if (fault === undefined) actions.push({ weight, act });
      else if (this.faults.has(fault)) actions.push({ weight: weight * zeal, act });
    };
    const caller = this.dice.pick(this.callers);
    const alive = this.instances.filter(({ dead, over }) => !dead && !over);
    const anybody = this.dice.pick(this.processes);
    const { stories } = this.history;
    if (stories.length < CALLS && caller.awake) {
      if (this.full) this.history.all('refused');
      add(undefined, 1.5, () => this.burst(caller));
      add(undefined, 0.7, () => caller.tell());
      add('once', 2, () => caller.call(true, 600_000));
      add('short', 1, () => caller.call(false, this.dice.pick([100, 1000, 8000])));
    }
    const waiting = caller.waiting;
    if (waiting.length > 0 && caller.awake)
      add('cancel', 0.7, () => caller.cancel(this.dice.pick(waiting)));
    add('cut', 1, () => this.cut(anybody));
    if (this.lateOnes.length > 0) add('late', 2, () => this.lateArrival());
    add('oom', this.full ? 0.6 : 0.25, () => this.toggleMemory());
    add('refusal', 0.4, () => this.refuse(anybody));
    add('noscript', 0.3, () => this.forgetScripts());
    if (alive.length > 0) {
      const instance = this.dice.pick(alive);
      add('crash', 0.25, () => this.crash(instance));
      add('close', 0.2, () => instance.awake && instance.close());
      add('expiry', 0.4, () => this.expireLease(instance.consumerName));
    }
    // For long enough that others take it for dead, now and then.
    add('freeze', anybody.frozen ? 0.2 : 0.35, () => this.freeze(anybody));
    add('group', 0.3, () => this.destroyGroup());
    add('flush', 0.12, () => this.flush());
    add('failover', 0.6, () => this.keepSnapshot());
    if (this.snapshots.length > 0) add('failover', 0.12, () => this.failOver());
    add('pause', 0.08, () => this.passLong(this.dice.pick([310_000, 650_000])));
    return actions;
  }

  /** Calls of one turn. */
  private burst(caller: Caller): void {
    const most = this.hasPacks ? 5 : 1;
    for (let calls = 1 + this.dice.below(most); calls > 0; calls--) caller.call(false, 600_000);
  }

  /** Nothing breaks any more: everything that can end must end. */
  private async comeToRest(): Promise<void> {
    this.note('nothing breaks any more');
    if (this.full) await this.toggleMemory();
    for (const process of this.processes) process.frozen = false;
    while (this.lateOnes.length > 0) await this.lateArrival();
    const { stories } = this.history;
    const open = () => stories.filter(({ ending }) => ending === undefined);
    await this.workUntil(() => open().length === 0, SOON);
    const late = open().filter(({ waitsForDeadline }) => waitsForDeadline);
    if (late.length > 0) {
      const last = Math.max(...late.map(({ endsAt }) => endsAt));
      await this.passLong(Math.max(0, last - this.timeline.now) + 1000);
      await this.workUntil(() => open().length === 0);
    }
    await this.workUntil(
      () =>
        this.instances.every(({ dead, running }) => dead || running.length === 0) &&
        stories.every(
          ({ kind, runs, ending, dataLost }) =>
            kind === 'call' ||
            ending?.code !== 'OK' ||
            dataLost ||
            runs.some(({ finished }) => finished),
        ),
    );
    for (const caller of this.callers) this.note(caller.state);
  }

  private async workUntil(over: () => boolean, steps = REST): Promise<void> {
    for (let step = 0; step < steps && !over(); step++) await this.step(this.work(true));
  }

  private get processes(): Process[] {
    return [...this.callers, ...this.instances].filter(({ dead }) => !dead);
  }

  private startInstance(): void {
    const instance = new Instance(`instance ${++this.started}`, this);
    this.note(`${instance.name} starts`);
    this.instances.push(instance);
  }

  // ---- Packets

  private canArrive({ toRedis }: SteppedConnection): boolean {
    const packet = toRedis[0];
    if (packet === undefined) return false;
    return packet.triedAt !== this.changes || packet.unblocked || this.isOver(packet);
  }

  private isOver({ blocking, sentAt }: Packet): boolean {
    return this.timeline.now >= sentAt + blocking;
  }

  /** The next packet of a connection reaches Redis; most answers come back at once. */
  private async arrive(process: Process, connection: SteppedConnection): Promise<void> {
    const packet = connection.toRedis[0] as Packet;
    const executed = await this.execute(packet, connection);
    if (executed === undefined) return;
    connection.toRedis.shift();
    connection.toProcess.push(executed);
    const direct = connection.toProcess.length === 1 && process.awake && this.dice.below(4) > 0;
    if (direct) connection.toProcess.shift()?.();
  }

  /** Returns how its sender hears of the answer; undefined while it blocks. */
  private async execute(
    packet: Packet,
    connection: SteppedConnection | undefined,
  ): Promise<(() => void) | undefined> {
    const { name, args } = packet;
    await this.redis.listen(this.processes.flatMap(({ channels }) => channels));
    if (name === 'ssubscribe') {
      await this.redis.listen(args);
      if (connection !== undefined) connection.channels = new Set(args);
      return () => packet.resolve(args.length);
    }
    if (name === 'client') return this.client(packet, connection);
    const block = args.indexOf('BLOCK');
    const sent = block === -1 ? args : [...args.slice(0, block), ...args.slice(block + 2)];
    const age = this.timeline.now - packet.sentAt;
    if (name !== 'xreadgroup') this.changes++;
    const executed = await this.redis.execute(name, sent, age);
    if ('failure' in executed) return () => packet.reject(executed.failure);
    const ends = packet.blocking === 0 || packet.unblocked || this.isOver(packet);
    if (name === 'xreadgroup' && executed.answer === null && !ends) {
      packet.triedAt = this.changes;
      return undefined;
    }
    return () => packet.resolve(executed.answer);
  }

  private client(packet: Packet, connection: SteppedConnection | undefined): () => void {
    const [what, id] = packet.args;
    if (what === 'id') return () => packet.resolve(connection?.id ?? 0);
    const links = this.processes.flatMap((process) => process.links);
    const named = links.find((link: SteppedLink) => String(link.connection?.id) === id);
    const read = named?.connection?.toRedis[0];
    const blocked = read !== undefined && read.triedAt !== -1;
    if (blocked) read.unblocked = true;
    return () => packet.resolve(blocked ? 1 : 0);
  }

  /** A packet of a connection that is gone: it takes effect, and nobody hears of it. */
  private async lateArrival(): Promise<void> {
    const packets = this.dice.pick(this.lateOnes);
    const packet = packets.shift() as Packet;
    if (packets.length === 0) this.lateOnes.splice(this.lateOnes.indexOf(packets), 1);
    this.note(`late: ${packet.name} ${packet.args[0]?.slice(0, 12)}`);
    await this.execute(packet, undefined);
  }

  private published(channel: string, text: string): void {
    for (const { links } of this.processes) {
      for (const { connection } of links) connection?.hear(channel, text);
    }
    if (!channel.startsWith(keys.log(''))) return;
    const frame = decodeFrame(text.slice(text.indexOf(' ') + 1));
    if (typeof frame === 'string') return;
    for (const [, kind, deliveries, nonce, , payload] of frame.replies) {
      // Handlers answer with the number of the story; what the transport itself says completes nothing.
      const run = `${frame.instance} ${deliveries} ${nonce}`;
      if (kind === REPLY.last) this.history.completed(Number(payload), run);
    }
  }

  // ---- Time

  private async passUntilNext(most: number): Promise<void> {
    const waits = this.processes
      .filter(({ awake }) => awake)
      .map(({ clock }) => clock.wait ?? most);
    await this.pass(Math.max(1, Math.min(most, ...waits)));
  }

  private async passLong(ms: number): Promise<void> {
    this.note(`${ms} ms pass`);
    this.history.all('paused');
    const end = this.timeline.now + ms;
    while (this.timeline.now < end) {
      await this.pass(Math.min(9000, end - this.timeline.now));
      await this.calm();
    }
  }

  private async pass(ms: number): Promise<void> {
    const whole = Math.ceil(ms);
    this.timeline.now += whole;
    for (const key of await this.redis.pass(whole)) this.keyEnded(key);
    for (const process of this.processes) if (process.awake) process.clock.fire();
  }

  private keyEnded(key: string): void {
    const lease = keys.lease('');
    if (key.startsWith(lease)) this.leaseEnded(key.slice(lease.length));
    if (key.startsWith(keys.log(''))) this.history.all('logLost');
  }

  private leaseEnded(consumer: string): void {
    this.note(`the lease of ${consumer.slice(-12)} ends`);
    this.history.leaseLost(consumer);
  }

  // ---- Faults

  private cut(process: Process): void {
    const links = process.links.filter((link) => link.isUp);
    if (links.length === 0) return;
    const link = this.dice.pick(links);
    this.note(`${process.name}: ${link.role} is cut`);
    link.cut();
  }

  private async toggleMemory(): Promise<void> {
    this.full = !this.full;
    this.note(this.full ? 'memory is full' : 'memory is free');
    await this.redis.fill(this.full);
    this.history.all('refused');
  }

  private refuse(process: Process): void {
    for (const { connection } of process.links) {
      const packet = connection?.toRedis[0];
      if (connection === undefined || packet?.name !== 'evalsha') continue;
      this.note(`${process.name} is refused`);
      connection.toRedis.shift();
      const failure = new CommandFailure('refused', 'BUSY', 'BUSY Redis is busy');
      connection.toProcess.push(() => packet.reject(failure));
    }
  }

  private async forgetScripts(): Promise<void> {
    this.note('scripts are forgotten');
    await this.redis.forgetScripts();
  }

  private crash(instance: Instance): void {
    this.note(`${instance.name} dies`);
    instance.crash();
  }

  private freeze(process: Process): void {
    process.frozen = !process.frozen;
    this.note(`${process.name} ${process.frozen ? 'stands still' : 'goes on'}`);
  }

  /** The clock of Redis jumped. */
  private async expireLease(consumer: string): Promise<void> {
    const key = keys.lease(consumer);
    if ((await this.redis.redis.get(key)) === '+') return;
    if ((await this.redis.redis.del(key)) === 1) this.leaseEnded(consumer);
  }

  private async destroyGroup(): Promise<void> {
    this.note('the group is destroyed');
    this.changes++;
    this.history.all('groupLost');
    await this.redis.redis.xgroup('DESTROY', keys.stream(STREAM), GROUP).catch(() => {});
  }

  private async flush(): Promise<void> {
    this.note('Redis loses everything');
    await this.redis.redis.flushall();
    this.memoryLost();
  }

  private async keepSnapshot(): Promise<void> {
    this.snapshots = [...this.snapshots.slice(-3), await this.redis.snapshot()];
  }

  private async failOver(): Promise<void> {
    this.note('Redis falls back');
    if (this.full) await this.toggleMemory();
    // What is on its way to the server before is lost with it.
    this.lateOnes.length = 0;
    for (const process of this.processes) for (const link of process.links) link.cut();
    this.lateOnes.length = 0;
    await this.redis.failOver(this.dice.pick(this.snapshots));
    this.memoryLost();
  }

  private memoryLost(): void {
    this.changes++;
    this.history.dataLost();
    for (const { consumerName } of this.instances) this.history.leaseLost(consumerName);
  }
}
