import { createHash } from 'node:crypto';
import { Auditor } from '../../libs/redis-stream-transport/src/engine/consumer/recovery/auditor.js';
import { PackLooks } from '../../libs/redis-stream-transport/src/engine/consumer/intake/pack-looks.js';
import { Call } from '../../libs/redis-stream-transport/src/engine/producer/call.js';
import { PendingBatch } from '../../libs/redis-stream-transport/src/engine/producer/sending/batch.js';
import { ReplyReader } from '../../libs/redis-stream-transport/src/engine/producer/replies/reply-reader.js';
import type { Script } from '../../libs/redis-stream-transport/src/redis/operations/script.js';
import { decideScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/decide.js';
import { enqueueOneScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/enqueue-one.js';
import { enqueueScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/enqueue.js';
import { groupScript } from '../../libs/redis-stream-transport/src/redis/operations/groups/ensure-group.js';
import { revokeScript } from '../../libs/redis-stream-transport/src/redis/operations/lease/revoke.js';
import { settlePlainScript } from '../../libs/redis-stream-transport/src/redis/operations/serving/settle-plain.js';
import { settleScript } from '../../libs/redis-stream-transport/src/redis/operations/serving/settle.js';
import { settleCheckedScript } from '../../libs/redis-stream-transport/src/redis/operations/serving/settle-checked.js';
import { startScript } from '../../libs/redis-stream-transport/src/redis/operations/serving/start.js';
import { claimScript } from '../../libs/redis-stream-transport/src/redis/operations/recovery/claim.js';
import { leasesScript } from '../../libs/redis-stream-transport/src/redis/operations/lease/leases.js';
import type { Fault } from './world.js';

/** A rule taken out of the code, to see that the model notices. */
export interface Mutation {
  readonly name: string;
  /** What it takes to show. */
  readonly faults: readonly Fault[];
  /** The violation that it leads to. */
  readonly violation: RegExp;
  /** Takes the rule out; returns what puts it back. */
  apply(): () => void;
}

/** The fence of a settlement, and nothing in its place. */
const FENCE = [
  ["if not held then return 'missing' end", ''],
  ["if held ~= token then return 'fenced' end", ''],
] as const;
/** The look at the age of a batch, and nothing in its place. */
const AGE = [
  "if now - tonumber(stamp) > tonumber(maxAge) then return 'stale ' .. whole(now) end",
  '',
] as const;

const AGAIN = /again without a cause/;
const LOST = /never ended|never ran|was lost/;
const LIE = /certainly/;
/** What comes of calls that are taken for others. */
const MIX_UP = /again without a cause|never ended|never ran|was lost|certainly/;

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'settling is not fenced by the lease',
    faults: ['freeze'],
    violation: /second completion|again without a cause/,
    apply: both(rewrite(settleScript, FENCE), rewrite(settlePlainScript, FENCE)),
  },
  {
    name: 'entries are acknowledged before their handlers have run',
    faults: ['crash', 'close'],
    violation: /never ended|never ran|was lost|again without a cause/,
    apply: rewrite(claimScript, [
      [
        'local ids, before, last',
        "redis.call('XACK', stream, group, pending[1][1]) table.remove(pending, 1) if #pending == 0 then return { 'empty' } end\nlocal ids, before, last",
      ],
    ]),
  },
  {
    name: 'any batch is accepted where the caller record is missing (L1)',
    faults: ['noscript', 'oom', 'refusal', 'cut'],
    violation: LOST,
    apply: rewrite(enqueueScript, [
      ["if q ~= 1 then return 'gap '", "if false then return 'gap '"],
    ]),
  },
  {
    name: 'a repeated batch is applied again (L2)',
    faults: ['cut'],
    violation: AGAIN,
    apply: rewrite(enqueueScript, [['if q <= rq then', 'if q <= rq then do return nil end']]),
  },
  {
    name: 'old batches are accepted (L3)',
    faults: ['cut', 'late', 'pause'],
    violation: /second completion|again without a cause/,
    apply: both(rewrite(enqueueScript, [AGE]), rewrite(enqueueOneScript, [AGE])),
  },
  {
    name: 'not run is said without a look at the groups (L7)',
    faults: ['cancel', 'short'],
    violation: LIE,
    apply: rewrite(decideScript, [
      ["if not before(field(g, 'last-delivered-id'), entry) then", 'if false then'],
    ]),
  },
  {
    name: 'a group is made anew under the same incarnation (L7)',
    faults: ['group', 'cancel', 'short'],
    violation: LIE,
    apply: rewrite(groupScript, [["redis.call('HSET', incarnation, 'id', fresh)", '']]),
  },
  {
    name: 'live instances are taken over (L8)',
    faults: ['cut'],
    violation: AGAIN,
    apply: both(
      rewrite(leasesScript, [["type(held) == 'table' and '?' or held or ''", "''"]]),
      rewrite(revokeScript, [
        ["if held and (note == '' or not cutOff()) then return 'alive' end", ''],
      ]),
    ),
  },
  {
    name: 'nobody looks for entries whose read was not heard (L10)',
    faults: ['cut'],
    violation: LOST,
    apply: both(
      replace(Auditor.prototype, 'audit', () => Promise.resolve()),
      replace(Auditor.prototype, 'auditNext', () => Promise.resolve()),
    ),
  },
  {
    name: 'the reply log is not read after a reconnect (L15)',
    faults: ['cut'],
    violation: LOST,
    apply: replace(ReplyReader.prototype, 'catchUp', () => Promise.resolve()),
  },
  {
    name: 'a call whose entry is gone is sent again without a look at the log (L16)',
    faults: ['cut'],
    violation: AGAIN,
    apply: both(
      replace(ReplyReader.prototype, 'isComplete', () => true),
      replace(ReplyReader.prototype, 'isLagging', () => false),
    ),
  },
  {
    name: 'a start is neither noted nor acknowledged (L18)',
    faults: ['once', 'crash'],
    violation: /started twice/,
    apply: rewrite(startScript, [
      ['local mine = by == consumer', 'local mine = true'],
      ["redis.call('HSET', started, name, consumer)", ''],
      ["redis.call('XACK', stream, group, id)", ''],
    ]),
  },
  {
    name: 'a lost group begins at the end (L19)',
    faults: ['group'],
    violation: LOST,
    apply: rewrite(groupScript, [
      ["local start, since = '0',", "local start, since = '$',"],
      ['start = cursor', ''],
    ]),
  },
  {
    name: 'a pack goes with the first of its calls (P3)',
    faults: [],
    violation: /second completion|never ended|was lost/,
    apply: rewrite(settleScript, [['#letters, letters) then', '#letters, letters) or true then']]),
  },
  {
    name: 'a claim does not say which calls of a pack have ended (P4)',
    faults: ['crash', 'close'],
    violation: /second completion|again without a cause/,
    apply: rewrite(claimScript, [['packs[n] = knownOf(entry)', "packs[n] = ''"]]),
  },
  {
    name: 'packs run without a look at calls that were cancelled (P6)',
    faults: ['cancel', 'close', 'crash', 'freeze'],
    violation: LIE,
    apply: replace(PackLooks.prototype, 'look', (_stream, _pack, known) => known(undefined)),
  },
  {
    name: 'calls of a pack that have ended are settled again (P9)',
    faults: ['cut'],
    violation: /second completion/,
    apply: rewrite(settleCheckedScript, [["if isOver then return 'lost' end", '']]),
  },
  {
    name: 'the last copy of a batch says what stands where, and not the one that was applied (P10)',
    faults: ['cut', 'cancel'],
    violation: MIX_UP,
    apply: around(
      PendingBatch.prototype,
      'applied',
      (applied) =>
        function (this: PendingBatch, answer, news) {
          applied.call(this, { ...answer, version: this.versions.length - 1 }, news);
        },
    ),
  },
  {
    name: 'all calls of a pack are known as its first (P10)',
    faults: ['cancel'],
    violation: MIX_UP,
    apply: around(
      Call.prototype,
      'stored',
      (stored) =>
        function (this: Call, first, steps, place, unsafe) {
          stored.call(this, first, steps, place && { ...place, place: 0 }, unsafe);
        },
    ),
  },
];

type Undo = () => void;

/**
 * Changes the text of a script, and with it the digest that Redis knows it by. Each text must be there
 * exactly once: a change of nothing, or of more than was meant, proves nothing.
 */
function rewrite(script: Script, changes: readonly (readonly [from: string, to: string])[]) {
  return (): Undo => {
    const before = { ...script };
    let { lua } = script;
    for (const [from, to] of changes) {
      const found = lua.split(from).length - 1;
      if (found !== 1) throw new Error(`${script.name} says ${found} times: ${from}`);
      lua = lua.replace(from, () => to);
    }
    Object.assign(script, { lua, sha: createHash('sha1').update(lua).digest('hex') });
    return () => void Object.assign(script, before);
  };
}

function replace<T extends object, K extends keyof T>(prototype: T, name: K, changed: T[K]) {
  return (): Undo => {
    const before = prototype[name];
    prototype[name] = changed;
    return () => void (prototype[name] = before);
  };
}

/** Puts something around a method. */
function around<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  changed: (method: T[K]) => T[K],
) {
  return (): Undo => replace(prototype, name, changed(prototype[name]))();
}

function both(first: () => Undo, second: () => Undo) {
  return (): Undo => {
    const undos = [first(), second()];
    return () => undos.forEach((undo) => undo());
  };
}
