import { encodeFrame } from '../../../protocol/frame.js';
import { MAX_FRAME_LENGTH, MAX_SCRIPT_LENGTH } from '../../../protocol/limits.js';
import type { KeyedResult, Settlement, StreamEnds } from '../../../redis/group-broker.js';
import type { LogEnd, PackEnds } from '../../../redis/operations/serving/settle.js';
import type { Delivery } from '../run/delivery.js';
import type { Pack } from '../run/pack.js';
import type { ReplyLogs } from './reply-logs.js';

interface LogPart {
  readonly caller: string;
  text: string;
  ttlMs: number;
}

/**
 * A reply or the end of a delivery, or both, before it is settled. Made by a class: V8 may put the objects of a literal into its
 * old generation, where a dead one keeps its delivery until the next large collection (docs/decisions/0051).
 */
export class Finished {
  /**
   * @param reply text of the reply; undefined: none
   * @param final it ends the delivery
   * @param keyed what is stored under the idempotency key of the entry
   */
  constructor(
    readonly delivery: Delivery,
    readonly reply: string | undefined,
    readonly final: boolean,
    readonly keyed: KeyedResult | undefined,
  ) {}
}

interface Ids {
  readonly stream: string;
  readonly keep: string[];
  readonly drop: string[];
  readonly noted: string[];
  readonly started: string[];
  /** Calls of packs that end, by their packs; made with the first. */
  calls: Map<Pack<Delivery>, Delivery[]> | undefined;
}

/** Characters that a result takes beside its text and its key, about: names, and the digest of the payload. */
const RESULT_OVERHEAD = 128;

/** Gathers what ended in one turn into one settlement: a frame for each caller, ids for each stream. */
export class SettlementBuilder {
  readonly finished: Finished[] = [];
  /** Characters of replies. */
  length = 0;
  /** Characters of results. */
  private resultsLength = 0;
  private readonly logs = new Map<string, LogPart>();
  private readonly streams = new Map<string, Ids>();
  private readonly results: Settlement['results'][number][] = [];
  /** The latest ones, kept because replies of one caller and entries of one stream often come in a row. */
  private log: LogPart | undefined;
  private ids: Ids | undefined;

  /** @param generation in which the first of it was finished */
  constructor(readonly generation = 0) {}

  /** Whether one more would break the bounds of a frame or of a script. */
  wouldOverflow({ delivery, reply, keyed }: Finished): boolean {
    if (this.length + this.resultsLength === 0) return false;
    const length = this.length + (reply?.length ?? 0);
    const results = this.resultsLength + (keyed === undefined ? 0 : lengthOf(keyed));
    if (length + results > MAX_SCRIPT_LENGTH) return true;
    const { caller } = delivery.entry.header;
    if (length <= MAX_FRAME_LENGTH || reply === undefined || caller === undefined) return false;
    const part = this.logs.get(caller);
    return part !== undefined && part.text.length + reply.length > MAX_FRAME_LENGTH;
  }

  add(finished: Finished, ttlMs: number): void {
    this.finished.push(finished);
    const { delivery, reply, final } = finished;
    const { caller } = delivery.entry.header;
    if (reply !== undefined && caller !== undefined) {
      // With the comma, so that no frame is longer than all of them together.
      this.length += reply.length + 1;
      const log = this.logOf(caller);
      log.text = log.text === '' ? reply : log.text + ',' + reply;
      if (ttlMs > log.ttlMs) log.ttlMs = ttlMs;
    }
    if (final) this.end(finished);
  }

  /** @param known what was done for the logs a moment ago; undefined: nothing is, and each is measured */
  build(instance: string, known?: ReplyLogs): Settlement {
    const logs: LogEnd[] = [];
    for (const { caller, text, ttlMs: least } of this.logs.values()) {
      const care = known?.appends(caller, text.length, least, this.generation);
      const { ttlMs = least, livesOn = false, unmeasured: force = false } = care ?? {};
      logs.push({ caller, frame: encodeFrame(instance, text), ttlMs, livesOn, force });
    }
    const streams: StreamEnds[] = [];
    for (const ids of this.streams.values()) streams.push(endsOf(ids));
    return { logs, results: this.results, streams };
  }

  private end({ delivery, keyed }: Finished): void {
    const { id, history, pack } = delivery;
    const ids = this.idsOf(delivery.stream.name);
    if (keyed !== undefined) {
      this.resultsLength += lengthOf(keyed);
      const { pattern, key, digest, result } = keyed;
      this.results.push({ pattern, key, digest, result, name: delivery.name });
    }
    if (pack !== undefined) {
      addTo((ids.calls ??= new Map()), pack, delivery);
      if (history.attempts > 0) ids.noted.push(delivery.name);
      return;
    }
    (delivery.isRequest ? ids.drop : ids.keep).push(id);
    if (history.attempts > 0 || history.spared > 0) ids.noted.push(id);
    if (delivery.once) ids.started.push(id);
  }

  private logOf(caller: string): LogPart {
    if (this.log?.caller === caller) return this.log;
    let log = this.logs.get(caller);
    if (log === undefined) this.logs.set(caller, (log = { caller, text: '', ttlMs: 0 }));
    return (this.log = log);
  }

  private idsOf(stream: string): Ids {
    if (this.ids?.stream === stream) return this.ids;
    let ids = this.streams.get(stream);
    if (ids === undefined) {
      ids = { stream, keep: [], drop: [], noted: [], started: [], calls: undefined };
      this.streams.set(stream, ids);
    }
    return (this.ids = ids);
  }
}

function lengthOf({ pattern, key, result = '-' }: KeyedResult): number {
  return pattern.length + key.length + result.length + RESULT_OVERHEAD;
}

function addTo(
  packs: Map<Pack<Delivery>, Delivery[]>,
  pack: Pack<Delivery>,
  delivery: Delivery,
): void {
  const ended = packs.get(pack);
  if (ended === undefined) packs.set(pack, [delivery]);
  else ended.push(delivery);
}

/** Runs for every settlement: what has no packs is handed on as it is. */
function endsOf(ids: Ids): StreamEnds {
  if (ids.calls === undefined) return ids;
  const packs: PackEnds[] = [];
  const lettered: string[] = [];
  const { stream, keep, drop, noted, started } = ids;
  for (const [pack, ended] of ids.calls) {
    // The last of its calls end here: it goes like any other entry, with all that was noted of it.
    if (pack.endsWith(ended) && (pack.isUntouched || !pack.isShared)) {
      (pack.isShared ? keep : drop).push(pack.id);
      if (ended.some(({ history }) => history.spared > 0)) noted.push(pack.id);
      if (!pack.isUntouched) lettered.push(pack.id);
    } else packs.push({ note: pack.note, letters: pack.lettersWith(ended) });
  }
  return { stream, keep, drop, noted, started, lettered, packs };
}
