// I6: what is left when all work is done.

import type { Model, ProcessSeen, Violation } from './model.js';

/** Permitted growth of the heap: in bytes, or as a share of what it was. */
const HEAP = { bytes: 10 * 1024 * 1024, share: 0.1 };

/** Keys that stay: streams, and keys that describe them. All others must expire. */
const LASTING = /:(?:s|groups|dead|paused):|:(?:incarnation|layout)$|^effects:/;
/** The longest life of other keys in milliseconds: results and tombstones are kept for a day. */
const LONGEST = 86_400_000;
/** Announcements of patterns are kept for a week. */
const SERVED = { keys: /:(?:live:|hears:|(?:streams|looked|wildcards)$)/, life: 604_800_000 };

export function* nothingLeft(model: Model): Generator<Violation> {
  yield* inRedis(model);
  for (const process of model.processes.values()) yield* inProcess(process, model);
}

function* inRedis({ quiet, left, plan }: Model): Generator<Violation> {
  if (quiet === undefined) {
    yield { rule: 'I6', text: 'nobody looked at what was left' };
    return;
  }
  for (const { name, length, pending, dead } of quiet.streams) {
    for (const [what, count] of Object.entries({
      entries: length,
      pending,
      'dead consumers': dead,
    })) {
      if (count > 0) yield { rule: 'I6', text: `${count} ${what} left in ${name}` };
    }
  }
  for (const { key, ttl } of [...quiet.keys, ...(left?.keys ?? [])]) {
    if (ttl === -1 && !LASTING.test(key)) yield { rule: 'I6', text: `${key} never expires` };
    if (ttl > (SERVED.keys.test(key) ? SERVED.life : LONGEST))
      yield { rule: 'I6', text: `${key} lives for ${ttl} ms` };
  }
  const held = quiet.keys.filter(
    ({ key }) => /:(?:due|started|part):/.test(key) && !key.startsWith('effects'),
  );
  for (const { key } of held) {
    if (!plan.leavesStarts) yield { rule: 'I6', text: `${key} is left` };
  }
}

function* inProcess(
  { name, kind, exit, vitals }: ProcessSeen,
  { loadAt }: Model,
): Generator<Violation> {
  const { before, after } = vitals;
  if (after === undefined) {
    const lived = exit === undefined || exit.expected === 'end';
    if (lived && loadAt !== undefined)
      yield { rule: 'I6', text: `${name} did not tell what it holds` };
    return;
  }
  if (after.maps === undefined) {
    yield { rule: 'I6', text: `${name} did not tell what it holds` };
    return;
  }
  for (const [what, count] of Object.entries(after.maps)) {
    if (what !== 'resent' && count > 0)
      yield { rule: 'I6', text: `${name} still holds ${count} ${what}` };
  }
  if (after.maps && Object.values(after.maps).some((count) => typeof count !== 'number')) {
    yield { rule: 'I6', text: `what ${name} holds cannot be read` };
  }
  const sockets = before?.sockets ?? (kind === 'caller' ? 2 : undefined);
  if (sockets !== undefined && after.sockets > sockets) {
    yield { rule: 'I6', text: `${name} has ${after.sockets} sockets, ${sockets} at first` };
  }
  if (before === undefined) return;
  const allowed = Math.max(HEAP.bytes, before.heap * HEAP.share);
  if (after.heap - before.heap > allowed) {
    const grown = ((after.heap - before.heap) / 1048576).toFixed(1);
    yield { rule: 'I6', text: `the heap of ${name} has grown by ${grown} MB` };
  }
  if (after.timers > before.timers + 20) {
    yield { rule: 'I6', text: `${name} has ${after.timers} timers, ${before.timers} at first` };
  }
}
