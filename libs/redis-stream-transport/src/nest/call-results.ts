import type { CallerShard } from '../engine/producer/caller-shard.js';
import { faultOf } from '../engine/producer/replies/fault.js';
import { readResult } from '../engine/consumer/settle/stored-result.js';
import { markCall, RedisStreamsError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/index.js';
import { openerOf } from '../options/sealing.js';
import { timeOf } from '../protocol/entry.js';
import { decodeFrame, REPLY, type Reply } from '../protocol/frame.js';
import { shardOf } from '../protocol/keys.js';
import { isCallerId, isCallId, MAX_KEY_LENGTH, MAX_PATTERN_LENGTH } from '../protocol/limits.js';
import { streamsOf } from '../protocol/priority.js';
import { numberOf, textsOf } from '../redis/answer.js';
import { CommandFailure } from '../redis/failure.js';
import {
  groupsOf,
  hasEntry,
  keptResult,
  openEntry,
} from '../redis/operations/calling/kept-results.js';
import { readLog } from '../redis/operations/calling/reply-log.js';
import { thrownText } from '../thrown.js';
import type { CallResult } from './call-result.js';
import { unpackReply } from './packets.js';

export type { CallResult };

/** Records of a reply log that are read at once, and at most. */
const PAGE = 50;
const MOST_RECORDS = 2000;

type Shard = Pick<CallerShard, 'commands' | 'keys'>;

/** Replies of one run, the last of which ends the call, and when they came. */
interface Ended {
  readonly replies: readonly (readonly [kind: number, payload: unknown])[];
  readonly storedAt: number | undefined;
  readonly endedAt: number;
}

/** A call whose result is asked for. */
interface Asked {
  readonly pattern: string;
  readonly stream: string;
  /** Its id, or its idempotency key. */
  readonly id: string;
  /** The id in its parts; undefined: it can be a key only. */
  readonly call: { readonly caller: string; readonly call: string } | undefined;
}

const UNKNOWN = { state: 'unknown' } as const;

/** Finds out what became of calls, also of those of other clients. Reads only. */
export class CallResults {
  constructor(
    private readonly options: Pick<ResolvedClientOptions, 'deserializer' | 'lanes'>,
    private readonly shards: readonly Shard[],
  ) {}

  /** @throws RedisStreamsError INVALID_OPTION, INVALID_MESSAGE, CODEC_MISMATCH, REDIS */
  async read(pattern: string, id: unknown): Promise<CallResult> {
    const asked = this.asked(pattern, id);
    try {
      return await this.look(asked);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      const facts = { pattern, outcome: 'may-have-run', cause: error } as const;
      throw new RedisStreamsError('REDIS', error.message, facts);
    }
  }

  private asked(pattern: string, id: unknown): Asked {
    const fits = (text: unknown, most: number): text is string =>
      typeof text === 'string' && text !== '' && text.length <= most;
    if (!fits(pattern, MAX_PATTERN_LENGTH) || !fits(id, MAX_KEY_LENGTH)) {
      const wanted = `a pattern, and a call's id "<caller>/<call>" or its idempotency key of at most ${MAX_KEY_LENGTH} characters`;
      throw new RedisStreamsError('INVALID_OPTION', `resultOf() takes ${wanted}`);
    }
    if (openerOf(this.options.deserializer) !== undefined) {
      const message = `a sealed result of ${pattern} can be opened by its caller only`;
      throw new RedisStreamsError('INVALID_OPTION', message, { pattern });
    }
    const [caller = '', call = '', ...rest] = id.split('/');
    const isCall = rest.length === 0 && isCallerId(caller) && isCallId(call);
    const stream = this.options.lanes.get(pattern) ?? pattern;
    return { pattern, stream, id, call: isCall ? { caller, call } : undefined };
  }

  /** A call may end while it is looked for, so results are looked at after its entry once more. */
  private async look(asked: Asked): Promise<CallResult> {
    const place = this.placeOf(asked.stream);
    const groups = await groupsOf(place, asked.stream);
    const first = await this.ended(asked, groups);
    if (first !== undefined) return first;
    const open = await this.open(asked, groups);
    const then = await this.ended(asked, groups);
    return then ?? open;
  }

  private async ended(asked: Asked, groups: readonly string[]): Promise<CallResult | undefined> {
    const end = (await this.kept(asked, groups)) ?? (await this.logged(asked));
    return end && this.resultOf(asked, end);
  }

  /** What a group has stored under the key. */
  private async kept(
    { pattern, stream, id }: Asked,
    groups: readonly string[],
  ): Promise<Ended | undefined> {
    const place = this.placeOf(stream);
    const all = await Promise.all(
      groups.map((group) => keptResult(place, { group, pattern, key: id })),
    );
    const found = all.find((one) => one?.kind === 'ended');
    if (found?.kind !== 'ended') return undefined;
    const stored = readResult(found.result);
    if (stored === undefined) {
      const message = `what is stored of a call of ${pattern} cannot be read`;
      const facts = { pattern, outcome: 'may-have-run' } as const;
      throw new RedisStreamsError('INVALID_MESSAGE', message, facts);
    }
    const replies = stored.map(
      ({ kind, payload }) => [kind, payload && (JSON.parse(payload) as unknown)] as const,
    );
    const endedAt = (await timeOfRedis(place)) - found.age;
    return { replies, storedAt: found.storedAt, endedAt };
  }

  /** What the log of its caller still has. A call of a spread pattern may have been answered in any shard. */
  private async logged({ call: wanted }: Asked): Promise<Ended | undefined> {
    if (wanted === undefined) return undefined;
    const all = await Promise.all(this.shards.map((shard) => loggedIn(shard, wanted)));
    return all.find((one) => one !== undefined);
  }

  private async open(
    { pattern, stream, id, call }: Asked,
    groups: readonly string[],
  ): Promise<CallResult> {
    const place = this.placeOf(stream);
    if (call !== undefined) {
      const isInLane = this.options.lanes.has(pattern);
      for (const each of isInLane ? [stream] : streamsOf(pattern, this.shards.length)) {
        const there = each === stream ? groups : await groupsOf(place, each);
        const entry = await openEntry(place, each, call, there);
        if (entry === undefined) continue;
        return { state: entry.isHeld ? 'running' : 'waiting', storedAt: timeOf(entry.id) };
      }
      return UNKNOWN;
    }
    for (const group of groups) {
      const kept = await keptResult(place, { group, pattern, key: id });
      if (kept?.kind !== 'running') continue;
      const [entry = ''] = kept.name.split('#');
      const there = await hasEntry(this.placeOf(kept.stream), kept.stream, entry);
      if (there) return { state: 'running', storedAt: timeOf(entry) };
    }
    return UNKNOWN;
  }

  private async resultOf({ pattern, id, call }: Asked, end: Ended): Promise<CallResult> {
    const { storedAt, endedAt } = end;
    const values: unknown[] = [];
    for (const [kind, payload] of end.replies) {
      const failed = (error: unknown): CallResult => {
        if (call !== undefined) markCall(error, id);
        return { state: 'failed', error, values, storedAt, endedAt };
      };
      if (kind === REPLY.restart) values.length = 0;
      else if (kind === REPLY.next || kind === REPLY.last) values.push(payload);
      else if (kind === REPLY.error) return failed(payload);
      else if (kind === REPLY.fault) return failed(faultOf(payload, pattern, 'may-have-run'));
      else if (kind === REPLY.packed || kind === REPLY.packedLast) {
        const packet = await this.unpacked(payload, pattern);
        if (packet.err !== undefined && packet.err !== null) return failed(packet.err);
        if (packet.response !== undefined) values.push(packet.response);
      }
    }
    return { state: 'done', values, storedAt, endedAt };
  }

  private async unpacked(payload: unknown, pattern: string) {
    try {
      return await unpackReply(this.options.deserializer, payload, pattern);
    } catch (error) {
      const message = `a reply of ${pattern} cannot be read: ${thrownText(error)}`;
      const facts = { pattern, outcome: 'may-have-run', cause: error } as const;
      throw new RedisStreamsError('INVALID_MESSAGE', message, facts);
    }
  }

  private placeOf(stream: string): { link: Shard['commands']; keys: Shard['keys'] } {
    const { commands: link, keys } = this.shards[shardOf(stream, this.shards.length)] as Shard;
    return { link, keys };
  }
}

/** Milliseconds since 1970 by Redis' clock. */
async function timeOfRedis({ link }: { link: Shard['commands'] }): Promise<number> {
  const [seconds, micros] = textsOf(await link.command('time', []), 'TIME');
  return numberOf(seconds) * 1000 + Math.floor(numberOf(micros) / 1000);
}

const ENDS: ReadonlySet<number> = new Set([
  ...[REPLY.last, REPLY.done, REPLY.error, REPLY.fault, REPLY.packedLast],
]);

/** The replies of the run that has ended the call, in their order. */
async function loggedIn(
  { commands: link, keys }: Shard,
  { caller, call }: { readonly caller: string; readonly call: string },
): Promise<Ended | undefined> {
  const place = { link, keys, logKey: keys.log(caller), recordKey: keys.caller(caller) };
  const runs = new Map<string, Reply[]>();
  let after = '0-0';
  for (let seen = 0; seen < MOST_RECORDS; seen += PAGE) {
    const records = await readLog(place, after, PAGE);
    for (const { id, frame: text = '' } of records) {
      const frame = decodeFrame(text);
      if (typeof frame === 'string') continue;
      for (const reply of frame.replies) {
        const [of, kind, deliveries, nonce] = reply;
        if (of !== call) continue;
        const run = `${frame.instance} ${deliveries} ${nonce}`;
        const replies = runs.get(run) ?? [];
        runs.set(run, replies);
        replies.push(reply);
        if (ENDS.has(kind)) return ended(replies, timeOf(id));
      }
    }
    const last = records.at(-1)?.id;
    if (records.length < PAGE || last === undefined) return undefined;
    after = last;
  }
  return undefined;
}

/** Undefined where its caller has removed the first of them. */
function ended(replies: readonly Reply[], endedAt: number): Ended | undefined {
  const ordered = replies.toSorted((one, other) => one[4] - other[4]);
  const isFault = ordered.at(-1)?.[1] === REPLY.fault;
  if (!isFault && ordered.some(([, , , , index], i) => index !== i)) return undefined;
  const pairs = ordered.map(
    ([, kind, , , , payload, , empty]) => [kind, empty === 1 ? undefined : payload] as const,
  );
  return { replies: pairs, storedAt: undefined, endedAt };
}
