import { createHash } from 'node:crypto';
import { encodeFault, encodeFrame, REPLY, type ReplyKind } from '../../../protocol/frame.js';
import type { KeyedResult } from '../../../redis/group-broker.js';
import type { InterruptedEntry, StartBroker } from '../../../redis/start-broker.js';
import { CommandFailure } from '../../../redis/failure.js';
import { jittered } from '../../clock.js';
import type { Delivery, HomeStream } from './delivery.js';
import { faultText } from './ends.js';
import { Patience } from '../settle/patience.js';
import type { ShardContext } from '../membership/shard-context.js';
import { readResult, type StoredReply } from '../settle/stored-result.js';
import { thrownText } from '../../../thrown.js';

/** Milliseconds until a start is asked for again: an entry with the same key runs, or the lease is in doubt. */
const LOOK_AGAIN = 50;
/** Milliseconds until a refused start is tried again; they double up to the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;
const JITTER = 0.3;
const REFUSED = Symbol('refused');
/** Most characters of replies that are stored under a key. */
const MAX_RESULT = 1_048_576;

export interface StartGuardHooks {
  run(delivery: Delivery): void;
  /** Another instance has it, or may have started it. */
  lost(delivery: Delivery): void;
  /** Frees the slot and tries again after `ms` milliseconds. */
  wait(delivery: Delivery, ms: number): void;
}

/**
 * Asks Redis before a handler starts (rules L18, L22). An entry with an idempotency key runs only if no result is
 * stored under the key and no other entry with it runs. An entry that may be started once only is acknowledged first.
 * All others run at once. After each answer the delivery and the lease are checked again, because time has passed.
 */
export class StartGuard {
  private readonly starting = new Map<HomeStream, Delivery[]>();
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
    if (delivery.entry.key !== undefined) void this.claimKey(delivery, delivery.entry.key);
    else if (delivery.once) this.startOnce(delivery);
    else this.hooks.run(delivery);
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
    const message = 'the instance that ran the call is gone, and it may not be started again';
    const payload = faultText('INTERRUPTED', message, 'may-have-run');
    const reply = encodeFault(header.call, payload);
    return { caller: header.caller, frame: encodeFrame(consumer, reply), ttlMs };
  }

  private async claimKey(delivery: Delivery, key: string): Promise<void> {
    const { stream, id, entry, pattern } = delivery;
    const digest = createHash('sha256').update(entry.data).digest('base64url');
    const isMine = () => this.isMine(delivery);
    const answer = await this.insist(stream, isMine, () =>
      this.broker.claimKey({ stream: stream.name, pattern: pattern.spec.pattern, key, id, digest }),
    );
    if (answer === undefined || !isMine()) return;
    if (answer === REFUSED) {
      this.standBack([delivery], stream);
      return;
    }
    switch (answer.kind) {
      case 'run':
        if (!this.mayGoOn(delivery)) return;
        delivery.recorded = [];
        if (delivery.once) this.startOnce(delivery);
        else this.hooks.run(delivery);
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
        replay(delivery, readResult(answer.result));
        break;
      case 'unreadable':
        replay(delivery, undefined);
    }
  }

  /** All starts of one turn and stream go into one script. */
  private startOnce(delivery: Delivery): void {
    const list = this.starting.get(delivery.stream);
    if (list !== undefined) {
      list.push(delivery);
      return;
    }
    this.used.add(delivery.stream);
    this.starting.set(delivery.stream, [delivery]);
    queueMicrotask(() => void this.startAll(delivery.stream));
  }

  private async startAll(stream: HomeStream): Promise<void> {
    const list = this.starting.get(stream) ?? [];
    this.starting.delete(stream);
    const ids = list.map(({ id }) => id);
    const isMine = () => list.some((delivery) => this.isMine(delivery));
    const answer = await this.insist(stream, isMine, async () => {
      const flags = await this.broker.start(this.context.identity.owner, stream.name, ids);
      if (flags === 'missing' || flags === 'fenced') {
        this.context.identity.doubt(flags);
        throw new Error(`the lease is ${flags}`);
      }
      return flags;
    });
    if (answer === REFUSED) {
      stream.startRefused();
      this.standBack(list, stream);
      return;
    }
    for (const [i, delivery] of list.entries()) {
      if (answer === undefined || !this.isMine(delivery)) continue;
      if (answer[i] !== true) this.hooks.lost(delivery);
      else if (this.mayGoOn(delivery)) this.hooks.run(delivery);
    }
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
   * Repeats until Redis answers or refuses for good; undefined when none of the deliveries is held any more.
   */
  private insist<T>(
    stream: HomeStream,
    isMine: () => boolean,
    ask: () => Promise<T>,
  ): Promise<T | typeof REFUSED | undefined> {
    return this.patience.until(isMine, async () => {
      try {
        const answer = await ask();
        this.pauses.delete(stream);
        return answer;
      } catch (error) {
        const line = `cannot start entries of ${stream.name} yet: ${thrownText(error)}`;
        this.context.logger.warn(`start ${stream.name}`, line);
        if (!(error instanceof CommandFailure) || error.passing) return undefined;
        const pause = 2 * (this.pauses.get(stream) ?? FIRST_PAUSE / 2);
        this.pauses.set(stream, Math.min(LONGEST_PAUSE, pause));
        return REFUSED;
      }
    });
  }
}

/** Notes a reply of an entry whose result is to be stored. */
export function record(delivery: Delivery, kind: ReplyKind, payload: string | undefined): void {
  delivery.recorded?.push(payload === undefined ? `[${kind}]` : `[${kind},${payload}]`);
}

/** The idempotency key under which a delivery may run. */
export function keyOf({ entry, pattern }: Delivery): Omit<KeyedResult, 'result'> | undefined {
  if (entry.key === undefined) return undefined;
  return { pattern: pattern.spec.pattern, key: entry.key };
}

/**
 * What is stored under the key when the delivery ends. A fault of the transport is no result: then the key is
 * given up, and the next entry with it runs.
 */
export function resultOf(delivery: Delivery, kind: ReplyKind | undefined): KeyedResult | undefined {
  const { recorded } = delivery;
  const key = keyOf(delivery);
  if (key === undefined || recorded === undefined) return undefined;
  const text = `[${recorded.join(',')}]`;
  const worth = kind !== REPLY.fault && text.length <= MAX_RESULT;
  return { ...key, result: worth ? text : undefined };
}

/** Answers from a stored result. The entry itself never runs, because another one with its key did. */
function replay(delivery: Delivery, replies: readonly StoredReply[] | undefined): void {
  if (replies === undefined) {
    const message = 'what is stored under the idempotency key cannot be read';
    if (delivery.isRequest) delivery.fault('REPLY_LOST', message, 'may-have-run');
    else delivery.deadLetter('idempotency', message);
    return;
  }
  if (!delivery.isRequest) {
    delivery.acknowledge();
    return;
  }
  for (const [i, { kind, payload }] of replies.entries()) {
    delivery.repeat(kind, payload, i === replies.length - 1);
  }
  // An event stored no reply, so a request with its key gets an empty one.
  if (replies.length === 0) delivery.value(undefined, true);
}
