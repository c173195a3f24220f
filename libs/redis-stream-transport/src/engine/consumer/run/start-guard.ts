import { encodeFault, encodeFrame } from '../../../protocol/frame.js';
import type {
  InterruptedEntry,
  KeyClaim,
  Marked,
  StartBroker,
} from '../../../redis/start-broker.js';
import { CommandFailure } from '../../../redis/failure.js';
import { jittered } from '../../clock.js';
import type { Delivery, HomeStream } from './delivery.js';
import { faultText, INTERRUPTED } from './ends.js';
import { digestOf, replay } from './keyed-results.js';
import { Recorded } from './recorded.js';
import { MarkRound } from './mark-round.js';
import type { Pack } from './pack.js';
import { Patience } from '../settle/patience.js';
import type { ShardContext } from '../membership/shard-context.js';
import { Starting } from './starting.js';
import { thrownText } from '../../../thrown.js';

/** Milliseconds until a start is asked for again: an entry with the same key runs, or the lease is in doubt. */
const LOOK_AGAIN = 50;
/** Milliseconds until a refused start is tried again; they double up to the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;
const JITTER = 0.3;
const REFUSED = Symbol('refused');

export interface StartGuardHooks {
  run(delivery: Delivery): void;
  /** Another instance has it, or may have started it. */
  lost(delivery: Delivery): void;
  /** Frees the slot and tries again after `ms` milliseconds. */
  wait(delivery: Delivery, ms: number): void;
}

/**
 * Asks Redis before a handler starts (rules L18, L22). An entry with an idempotency key runs only if no result is
 * stored under the key and no other entry with it runs. An entry that may be started once only is acknowledged first,
 * and a call of a pack is marked (rule P13). All others run at once. All that starts in one turn and stream goes into one script. After each answer the delivery
 * and the lease are checked again, because time has passed.
 */
export class StartGuard {
  private readonly keyed = new Starting((stream, list) => void this.claimKeys(stream, list));
  private readonly once = new Starting((stream, list) => void this.startAll(stream, list));
  private readonly marked = new Starting((stream, list) => void this.markAll(stream, list));
  /** Streams of which entries were started once. */
  private readonly used = new Set<HomeStream>();
  /** By stream: milliseconds to wait after the latest refusal. */
  private readonly pauses = new Map<HomeStream, number>();
  private readonly patience: Patience;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: StartBroker,
    private readonly hooks: StartGuardHooks,
  ) {
    this.patience = new Patience(context.clock);
  }

  start(delivery: Delivery): void {
    if (delivery.entry.key !== undefined) this.keyed.add(delivery);
    else this.startUnkeyed(delivery);
  }

  /** The lease was renewed: tries again at once. */
  resume(): void {
    this.patience.resume();
  }

  /** The deliveries are not held any more: forgets them. */
  drop(): void {
    this.patience.drop();
  }

  /** Ends entries that a revoked consumer had started and that may not be started again; tells their callers. */
  async endInterrupted(by: string, stream: HomeStream, ttlMs: number): Promise<void> {
    const { owner } = this.context.identity;
    for (const entry of await this.broker.interrupted(owner, by, stream.name)) {
      if (by === owner.consumer && stream.has(entry.id)) continue;
      const answer = this.answer(entry, owner.consumer, ttlMs);
      await this.broker.endInterrupted(owner, by, { stream: stream.name, id: entry.id, answer });
    }
  }

  /**
   * Ends entries that Redis lists as started by this process and that are not in memory: Redis has lost their
   * settlement. No other instance would end them while the lease is alive. Called with every renewal; looks at
   * streams of which entries were started once. Never rejects: the next renewal looks again.
   */
  async endForgotten(ttlMs: number): Promise<void> {
    const { consumer } = this.context.identity;
    for (const stream of this.used) {
      await this.endInterrupted(consumer, stream, ttlMs).catch(() => undefined);
    }
  }

  private answer({ header }: InterruptedEntry, consumer: string, ttlMs: number) {
    if (header?.call === undefined || header.caller === undefined) return undefined;
    const payload = faultText('INTERRUPTED', INTERRUPTED, 'may-have-run');
    const reply = encodeFault(header.call, payload);
    return { caller: header.caller, frame: encodeFrame(consumer, reply), ttlMs };
  }

  private startUnkeyed(delivery: Delivery): void {
    const { pack, once, stream, history } = delivery;
    if (once) this.used.add(stream);
    if (once && pack !== undefined) this.marked.add(delivery);
    else if (once) this.once.add(delivery);
    else if (history.suspect && pack !== undefined) void this.startSuspect(delivery, pack);
    else this.hooks.run(delivery);
  }

  private async claimKeys(stream: HomeStream, list: readonly Delivery[]): Promise<void> {
    const ask = (mine: readonly Delivery[]): Promise<KeyClaim[]> =>
      this.broker.claimKeys(
        stream.name,
        mine.map((delivery) => ({
          pattern: delivery.pattern.spec.pattern,
          key: delivery.entry.key as string,
          name: delivery.name,
          digest: digestOf(delivery),
        })),
      );
    await this.insist(stream, list, ask, (delivery, claim) => this.claimed(delivery, claim));
  }

  private claimed(delivery: Delivery, claim: KeyClaim): void {
    switch (claim.kind) {
      case 'run':
        if (!this.mayGoOn(delivery)) return;
        delivery.recorded = new Recorded();
        this.startUnkeyed(delivery);
        break;
      case 'wait':
        if (!this.isGivenUp(delivery)) this.hooks.wait(delivery, LOOK_AGAIN);
        break;
      case 'mismatch': {
        const message = 'the idempotency key belongs to another payload';
        if (delivery.isRequest) delivery.fault('IDEMPOTENCY_MISMATCH', message, 'not-run');
        else delivery.deadLetter('idempotency', message);
        break;
      }
      case 'stored':
        replay(delivery, claim.result);
        break;
      case 'unreadable':
        replay(delivery, undefined);
    }
  }

  /** Only one suspect of a pack is marked at a time: two open marks would not tell which call ended the process. */
  private async startSuspect(delivery: Delivery, pack: Pack<Delivery>): Promise<void> {
    if (await pack.mark(delivery)) await this.markAll(delivery.stream, [delivery]);
  }

  private async markAll(stream: HomeStream, list: readonly Delivery[]): Promise<void> {
    const ask = async (mine: readonly Delivery[]): Promise<(Marked | undefined)[]> => {
      const round = new MarkRound(mine);
      const { owner } = this.context.identity;
      return round.read(this.held(await this.broker.mark(owner, stream.name, round.packs)));
    };
    const answered = await this.insist(stream, list, ask, (delivery, told) => {
      if (told === 'marked') delivery.fault('INTERRUPTED', INTERRUPTED, 'may-have-run');
      else if (told !== 'run') this.hooks.lost(delivery);
      else if (this.mayGoOn(delivery)) this.hooks.run(delivery);
    });
    if (!answered) stream.startRefused();
  }

  private async startAll(stream: HomeStream, list: readonly Delivery[]): Promise<void> {
    const ask = async (mine: readonly Delivery[]): Promise<boolean[]> => {
      const ids = mine.map(({ id }) => id);
      return this.held(await this.broker.start(this.context.identity.owner, stream.name, ids));
    };
    const answered = await this.insist(stream, list, ask, (delivery, mayStart) => {
      if (!mayStart) this.hooks.lost(delivery);
      else if (this.mayGoOn(delivery)) this.hooks.run(delivery);
    });
    if (!answered) stream.startRefused();
  }

  /** An answer that was given under the lease. Throws where the lease does not hold: to be asked for again. */
  private held<T extends readonly unknown[]>(answer: T | 'missing' | 'fenced'): T {
    if (typeof answer !== 'string') return answer;
    this.context.identity.doubt(answer);
    throw new Error(`the lease is ${answer}`);
  }

  /** Lets them wait without slots, so that other entries can run. */
  private standBack(list: readonly Delivery[], stream: HomeStream): void {
    const ms = jittered(this.context.clock, this.pauses.get(stream) ?? FIRST_PAUSE, JITTER);
    for (const delivery of list) {
      if (this.isMine(delivery) && !this.isGivenUp(delivery)) this.hooks.wait(delivery, ms);
    }
  }

  /** Checks after the answer: the deadline may have passed, or this process may have stood still. */
  private mayGoOn(delivery: Delivery): boolean {
    if (this.isGivenUp(delivery)) return false;
    if (this.context.identity.mayStart) return true;
    // Asks for the start again later; Redis remembers that it was granted.
    this.hooks.wait(delivery, LOOK_AGAIN);
    return false;
  }

  /** Whether the delivery was aborted; ends it then, before it has begun. */
  private isGivenUp(delivery: Delivery): boolean {
    if (delivery.abortedBy === undefined) return false;
    delivery.unstarted(delivery.abortedBy);
    return true;
  }

  private isMine({ ended, consumer }: Delivery): boolean {
    return !ended && consumer === this.context.identity.consumer;
  }

  /**
   * Asks about deliveries until Redis answers or refuses for good: then they stand back, and this is false. Leaves out
   * what is not held any more, before the question and after the answer.
   */
  private async insist<T>(
    stream: HomeStream,
    list: readonly Delivery[],
    ask: (mine: readonly Delivery[]) => Promise<readonly T[]>,
    told: (delivery: Delivery, answer: T) => void,
  ): Promise<boolean> {
    const isMine = (delivery: Delivery): boolean => this.isMine(delivery);
    let asked: readonly Delivery[] = [];
    const answers = await this.patience.until(
      () => list.some(isMine),
      async () => {
        try {
          asked = list.filter(isMine);
          const given = await ask(asked);
          this.pauses.delete(stream);
          return given;
        } catch (error) {
          return this.refused(stream, error);
        }
      },
    );
    if (answers === REFUSED) {
      this.standBack(list, stream);
      return false;
    }
    if (answers === undefined) return true;
    for (const [i, delivery] of asked.entries())
      if (isMine(delivery)) told(delivery, answers[i] as T);
    return true;
  }

  /** Undefined: it passes. */
  private refused(stream: HomeStream, error: unknown): typeof REFUSED | undefined {
    const line = `cannot start entries of ${stream.name} yet: ${thrownText(error)}`;
    this.context.logger.warn(`START_REFUSED ${stream.name}`, line);
    if (!(error instanceof CommandFailure) || error.passing) return undefined;
    const pause = 2 * (this.pauses.get(stream) ?? FIRST_PAUSE / 2);
    this.pauses.set(stream, Math.min(LONGEST_PAUSE, pause));
    return REFUSED;
  }
}
