import { randomBytes } from 'node:crypto';
import type { Keys } from '../protocol/keys.js';
import { isEntryId } from '../protocol/limits.js';
import type { Link } from './link.js';
import { numberOf, rawEntries, textsOf } from './answer.js';
import { load, run } from './script.js';
import { abortScript, decideScript } from './scripts/decide.lua.js';
import { attachScript, reAskScript } from './scripts/re-ask.lua.js';
import { closeNumberScript, enqueueScript } from './scripts/enqueue.lua.js';
import { helloScript } from './scripts/incarnation.lua.js';
import { parseVerdict, type EnqueueAnswer } from './verdict.js';

/** Milliseconds that a caller record outlives its last batch. */
export const RECORD_LIFE = 600_000;
/** Milliseconds after which a batch that is still on its way is refused (rule L3). */
export const MAX_BATCH_AGE = 2000;
/** Milliseconds that a reply log is kept for while its caller asks about it. */
const LOG_LIFE = 120_000;
/** Milliseconds for which a cancellation is kept for a consumer that is away. */
const NOTICE_LIFE = 60_000;

/** Which memory of Redis this is, and its time in milliseconds. */
export interface Incarnation {
  readonly id: string;
  readonly born: number;
  readonly now: number;
}

/** What a batch wants for the items of one pattern. */
export interface BatchSection {
  readonly stream: string;
  readonly pattern: string;
  /** 0: store in any case; 1: only if somebody answers now; 2: only if it was ever served. */
  readonly mode: 0 | 1 | 2;
  /** Items have more than the two fields `c` and `d`. */
  readonly hasExtraFields: boolean;
  readonly items: readonly (readonly string[])[];
}

export interface Batch {
  readonly epoch: number;
  readonly number: number;
  /** Version of the content: a repeat may want less than the first copy did. */
  readonly version: number;
  readonly incarnation: string;
  /** The sender's estimate of Redis' time, milliseconds. */
  readonly stamp: number;
  /** Frames below this id are no longer needed; '' for none. */
  readonly trim: string;
  /** Whether the record's life begins anew; so it does unless told otherwise. */
  readonly renew?: boolean;
  readonly sections: readonly BatchSection[];
}

export interface LogRecord {
  readonly id: string;
  /** Undefined: somebody else wrote the record, or in another way. */
  readonly frame: string | undefined;
  /** The log was made anew with this record: what it held before is gone. */
  readonly birth: boolean;
}

export type Fate =
  | { readonly kind: 'gone' | 'not-run' }
  | { readonly kind: 'may'; readonly owner: string | undefined };

export interface Decision {
  readonly now: number;
  readonly incarnation: string;
  /** Last record of the reply log: `gone` may have been answered up to it. */
  readonly lastFrame: string;
  readonly fates: readonly Fate[];
}

/** What Redis knows of calls that have waited for some time. */
export interface ProbeAnswer {
  readonly incarnation: Incarnation;
  /** Last record of the reply log; undefined when there is no log. */
  readonly lastFrame: string | undefined;
  /** Per call what became of its entry. */
  readonly entries: readonly EntryFate[];
}

/**
 * An entry is in its stream, or gone; `once`: gone, and may be started once only; `unknown`: gone, and
 * nobody announces how it may be started.
 */
export type EntryFate = 'exists' | 'gone' | 'once' | 'unknown';

const FATES: Readonly<Record<string, EntryFate | undefined>> = {
  '0': 'gone',
  '1': 'exists',
  o: 'once',
  '-': 'unknown',
};

/** What a caller wants of Redis, in one shard. */
export class CallerBroker {
  readonly logKey: string;
  private readonly recordKey: string;

  constructor(
    private readonly link: Link,
    private readonly keys: Keys,
    callerId: string,
    private readonly maxBacklog: number,
  ) {
    this.logKey = keys.log(callerId);
    this.recordKey = keys.caller(callerId);
  }

  /** First thing on every new connection. */
  async hello(): Promise<Incarnation> {
    const [answer] = await Promise.all([
      run(this.link, helloScript, [this.keys.incarnation()], [freshId()]),
      // What makes the log has to be known too: asked a second time, it would come after the first calls.
      load(this.link, [enqueueScript, attachScript]),
    ]);
    return readIncarnation(answer);
  }

  /**
   * Sends one numbered batch. A script that Redis has forgotten is an error answer like any other: the
   * batches behind it were refused too, so the sender repeats them in order.
   */
  async enqueue(batch: Batch): Promise<EnqueueAnswer> {
    const { sections } = batch;
    const args = [
      enqueueScript.sha,
      String(3 + 2 * sections.length),
      this.recordKey,
      this.keys.incarnation(),
      this.logKey,
    ];
    for (const { stream, pattern } of sections) {
      args.push(this.keys.stream(stream), this.keys.live(pattern));
    }
    args.push(
      String(batch.epoch),
      String(batch.number),
      String(batch.version),
      batch.incarnation,
      String(Math.floor(batch.stamp)),
      String(MAX_BATCH_AGE),
      batch.renew === false ? '' : String(RECORD_LIFE),
      String(this.maxBacklog),
      batch.trim,
      String(sections.length),
    );
    for (const { mode, hasExtraFields, items } of sections) {
      args.push(String(mode), hasExtraFields ? '1' : '0', String(items.length));
      for (const fields of items) {
        if (hasExtraFields) args.push(String(fields.length));
        for (const field of fields) args.push(field);
      }
    }
    return parseVerdict(await this.link.command('evalsha', args));
  }

  async loadScripts(): Promise<void> {
    await load(this.link, [enqueueScript]);
  }

  async closeNumber(epoch: number, number: number, incarnation: string): Promise<EnqueueAnswer> {
    const answer = await run(
      this.link,
      closeNumberScript,
      [this.recordKey, this.keys.incarnation()],
      [String(epoch), String(number), incarnation, String(RECORD_LIFE)],
    );
    return parseVerdict(answer);
  }

  async decide(
    calls: readonly { readonly stream: string; readonly entry: string }[],
  ): Promise<Decision> {
    const answer = await run(
      this.link,
      decideScript,
      [
        this.keys.incarnation(),
        this.logKey,
        ...calls.flatMap(({ stream }) => [
          this.keys.stream(stream),
          this.keys.started(stream),
          this.keys.groups(stream),
        ]),
      ],
      [freshId(), ...calls.map(({ entry }) => entry)],
    );
    return readDecision(answer, calls.length);
  }

  /** Makes sure that the reply log exists; returns the id it was born with if it did not. */
  async attach(): Promise<string | undefined> {
    const born = await run(this.link, attachScript, [this.logKey], [String(LOG_LIFE)]);
    return isEntryId(born) ? born : undefined;
  }

  async reAsk(
    calls: readonly { readonly stream: string; readonly pattern: string; readonly entry: string }[],
  ): Promise<ProbeAnswer> {
    const answer = await run(
      this.link,
      reAskScript,
      [
        this.keys.incarnation(),
        this.logKey,
        ...calls.flatMap(({ stream, pattern }) => [
          this.keys.stream(stream),
          this.keys.live(pattern),
        ]),
      ],
      [freshId(), String(LOG_LIFE), ...calls.map(({ entry }) => entry)],
    );
    return readProbeAnswer(answer, calls.length);
  }

  /** Tells a consumer, now or when it is back, which entries nobody waits for any more. */
  async abort(consumer: string, notices: readonly string[]): Promise<void> {
    await run(
      this.link,
      abortScript,
      [this.keys.inbox(consumer)],
      [String(NOTICE_LIFE), ...notices],
    );
  }

  /** Records of the reply log behind `after`. */
  async readLog(after: string, count: number): Promise<LogRecord[]> {
    const answer = await this.link.command('xrange', [
      this.logKey,
      `(${after}`,
      '+',
      'COUNT',
      String(count),
    ]);
    return readRecords(answer);
  }

  /** Drops the records of the reply log below an id. */
  async trimLog(below: string): Promise<void> {
    await this.link.command('xtrim', [this.logKey, 'MINID', below]);
  }

  /** Id of the last record of the reply log; undefined when there is none. */
  async lastRecord(): Promise<string | undefined> {
    const answer = await this.link.command('xrevrange', [this.logKey, '+', '-', 'COUNT', '1']);
    return rawEntries(answer, 'XREVRANGE')[0]?.id;
  }
}

/** Answer of `hello`. */
export function readIncarnation(answer: unknown): Incarnation {
  const [id = '', born, now] = textsOf(answer, 'hello');
  return { id, born: numberOf(born), now: numberOf(now) };
}

/** Answer of `decide`; what cannot be read of it may have run. */
export function readDecision(answer: unknown, calls: number): Decision {
  const [now, incarnation = '', lastFrame = '', ...verdicts] = textsOf(answer, 'decide');
  const fates = Array.from({ length: calls }, (_, i) => parseFate(verdicts[i] ?? ''));
  return { now: numberOf(now), incarnation, lastFrame, fates };
}

function parseFate(text: string): Fate {
  if (text === 'gone' || text === 'not-run') return { kind: text };
  const owner = text.startsWith('may ') ? text.slice(4) : '-';
  return { kind: 'may', owner: owner === '-' ? undefined : owner };
}

/** Answer of `re-ask`. Only what it calls gone may be sent again. */
export function readProbeAnswer(answer: unknown, calls: number): ProbeAnswer {
  const [now, id = '', born, last, flags = ''] = textsOf(answer, 're-ask');
  return {
    incarnation: { id, born: numberOf(born), now: numberOf(now) },
    lastFrame: isEntryId(last) ? last : undefined,
    entries: Array.from({ length: calls }, (_, i) => FATES[flags[i] ?? ''] ?? 'exists'),
  };
}

/** Records of a reply log. A field that stands twice counts once, the first time. */
export function readRecords(answer: unknown): LogRecord[] {
  return rawEntries(answer, 'XRANGE').map(({ id, fields }) => {
    const at = fields.findIndex((name, i) => i % 2 === 0 && name === 'f');
    const birth = fields.some((name, i) => i % 2 === 0 && name === 'b');
    return { id, frame: at === -1 ? undefined : fields[at + 1], birth };
  });
}

/** A name for a memory: 96 random bits. */
export function freshId(): string {
  return randomBytes(12).toString('base64url');
}
