import type { RedisStreamsErrorCode } from '../../errors.js';
import { timeOf } from '../../protocol/entry.js';
import { REPLY, type ReplyKind } from '../../protocol/frame.js';
import type { Pause } from '../../protocol/pause.js';
import type { HeldEntry } from '../../redis/entries.js';
import type { Clock } from '../clock.js';
import type { RedisClock } from '../redis-clock.js';
import type { Diagnostics, Topics } from '../diagnostics/diagnostics.js';
import type {
  DiagnosticsSource,
  EntryDiagnostics,
  EntryResult,
  Untrusted,
} from '../diagnostics/messages.js';
import { aboutEntry, EndedMessage, ReadMessage, StartedMessage } from './entry-messages.js';
import type { Delivery } from './run/delivery.js';
import type { DeadLetterCause, FailedAttempt } from './run/ends.js';

/** Tells what becomes of the entries of an instance, and of the instance. */
export class ConsumerDiagnostics {
  private readonly topics: Topics;

  constructor(
    { topics }: Diagnostics,
    private readonly source: DiagnosticsSource,
    private readonly clock: Clock,
  ) {
    this.topics = topics;
  }

  read(delivery: Delivery, redisClock: RedisClock): void {
    this.time(delivery);
    const topic = this.topics['entry.read'];
    if (!topic.isHeard) return;
    const inStream = Math.max(0, redisClock.now(delivery.times?.read) - delivery.entry.addedAt);
    topic.tell(new ReadMessage(this.about(delivery), inStream));
  }

  /** It is here, or is here again for its next attempt: its times begin. */
  time(delivery: Delivery): void {
    if (!this.topics['entry.started'].isHeard && !this.topics['entry.ended'].isHeard) return;
    delivery.times = {
      read: this.clock.now(),
      started: undefined,
      about: aboutEntry(this.source, delivery),
    };
  }

  started(delivery: Delivery): void {
    delivery.startedAt = this.clock.now();
    if (this.topics['entry.aborted'].isHeard) this.watch(delivery);
    const { times } = delivery;
    if (times === undefined) return;
    times.started = delivery.startedAt;
    const topic = this.topics['entry.started'];
    if (topic.isHeard) topic.tell(new StartedMessage(times.about, times.started - times.read));
  }

  /** Tells when its handler is told to stop. */
  private watch(delivery: Delivery): void {
    let isTold = false;
    delivery.whenAborted((reason) => {
      // It is called again when a handler that did not stop is abandoned.
      if (isTold) return;
      isTold = true;
      this.topics['entry.aborted'].tell({ ...this.about(delivery), reason });
    });
  }

  /** @param payload of a fault: JSON */
  finished(delivery: Delivery, kind: ReplyKind | undefined, payload: string | undefined): void {
    if (kind === REPLY.fault) this.ended(delivery, 'refused', codeOf(payload));
    else if (kind === REPLY.error) this.ended(delivery, 'failed');
    else this.ended(delivery, kind === undefined ? 'handled' : 'answered');
  }

  ended(delivery: Delivery, result: EntryResult, code?: RedisStreamsErrorCode): void {
    delivery.pattern.tally.ended(
      isCancelled(delivery, result, code) ? 'cancelled' : code === 'PAUSED' ? 'paused' : result,
    );
    delivery.watch?.ended(result, code);
    const topic = this.topics['entry.ended'];
    if (!topic.isHeard) return;
    const now = this.clock.now();
    const { read = now, started = now } = delivery.times ?? {};
    const end = { result, code, waited: started - read, ran: now - started };
    topic.tell(new EndedMessage(this.about(delivery), end));
  }

  /** @param delay milliseconds until the next attempt */
  retried(delivery: Delivery, { thrown }: FailedAttempt, delay: number): void {
    const topic = this.topics['entry.retried'];
    if (topic.isHeard) topic.tell({ ...this.about(delivery), delay, error: thrown?.value });
  }

  dead(delivery: Delivery, { reason, detail }: DeadLetterCause, letter: string): void {
    const topic = this.topics['entry.dead'];
    if (topic.isHeard) topic.tell({ ...this.about(delivery), letter, reason, detail });
  }

  untrusted(delivery: Delivery, reason: Untrusted['reason'], detail: string): void {
    const topic = this.topics['message.untrusted'];
    if (!topic.isHeard) return;
    const { callId, entry, stream } = delivery;
    const pattern = entry.pattern ?? stream.name;
    topic.tell({ source: this.source, pattern, callId, reason, detail });
  }

  takenOver(from: string, stream: string, held: readonly HeldEntry[], redisNow: number): void {
    const topic = this.topics['entries.taken-over'];
    if (!topic.isHeard) return;
    const first = held.reduce((least, { raw }) => Math.min(least, timeOf(raw.id)), redisNow);
    const oldest = redisNow - first;
    topic.tell({ source: this.source, stream, from, entries: held.length, oldest });
  }

  leaseLost(before: string, now: string): void {
    const topic = this.topics['lease.lost'];
    if (topic.isHeard) topic.tell({ source: this.source, before, now });
  }

  groupLost(stream: string, group: string, reason: string): void {
    const topic = this.topics['group.lost'];
    if (topic.isHeard) topic.tell({ source: this.source, stream, group, reason });
  }

  groupHealed(stream: string, group: string): void {
    const topic = this.topics['group.healed'];
    if (topic.isHeard) topic.tell({ source: this.source, stream, group, reason: undefined });
  }

  patternPaused(pattern: string, { refuses, at, until, reason }: Pause): void {
    const topic = this.topics['pattern.paused'];
    if (topic.isHeard) topic.tell({ source: this.source, pattern, refuses, at, until, reason });
  }

  patternResumed(pattern: string): void {
    const topic = this.topics['pattern.resumed'];
    if (topic.isHeard) topic.tell({ source: this.source, pattern });
  }

  retriesWait(name: 'retries.full' | 'retries.eased', group: string, waiting: number): void {
    const topic = this.topics[name];
    if (topic.isHeard) topic.tell({ source: this.source, group, waiting });
  }

  draining(running: number, unstarted: number): void {
    const topic = this.topics.draining;
    if (topic.isHeard) topic.tell({ source: this.source, running, unstarted });
  }

  private about(delivery: Delivery): EntryDiagnostics {
    return delivery.times?.about ?? aboutEntry(this.source, delivery);
  }
}

/** Its caller did not wait any more: the transport ended it for that, or the handler threw when it was told to stop. */
const isCancelled = (delivery: Delivery, result: EntryResult, code: string | undefined): boolean =>
  code === 'CANCELLED' || (result === 'failed' && delivery.abortedBy === 'cancelled');

/** The code of a fault that this process has written. */
function codeOf(payload: string | undefined): RedisStreamsErrorCode | undefined {
  if (payload === undefined) return undefined;
  return (JSON.parse(payload) as { readonly code?: RedisStreamsErrorCode }).code;
}
