import { parseHeader } from '../protocol/header.js';
import { eventsIn, withoutPack } from '../protocol/pack.js';
import { compareIds, timeOf } from '../protocol/entry.js';
import { listOf, numberOf, rawEntries, textOr, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import type { TracedEntry, TracedGroup, TracedLetter } from './call-trace.js';
import { entryHeadsScript } from '../redis/operations/entry-heads.js';
import type { FoundCall, WantedCall } from './find-calls.js';
import { inParts, timeOfServer, unlessRefused } from './place.js';

/**
 * Where an entry of a call stands; undefined if it went meanwhile.
 * @param named its place in a pack, if the call is not known
 */
export async function tracedEntry(
  found: FoundCall,
  { call }: WantedCall,
  named = -1,
): Promise<TracedEntry | undefined> {
  const { key, entry } = found;
  const { link, keys } = key.shard;
  const stream = keys.stream(key.name);
  const heads = await run(link, entryHeadsScript, { stream, ids: [entry] });
  const [line = '', pattern = '', , members = ''] = textsOf(heads, 'entry-heads');
  if (line === '') return undefined;
  const header = parseHeader(withoutPack(line));
  const { timeout, once } =
    typeof header === 'string' ? { timeout: 0, once: line.includes(' once') } : header;
  const calls = members === '' ? [] : members.split(',');
  const events = eventsIn(line);
  const at = calls.indexOf(call);
  const place = { at: at === -1 ? named : at, areEvents: events > 0 };
  const about = listOf(await link.command('xinfo', ['GROUPS', stream]), 'XINFO');
  const groups = await inParts(about, (group) => groupOf(found, textsOf(group, 'XINFO'), place));
  const storedAt = timeOf(entry);
  return {
    ...{ stream: key.name, pattern: pattern === '' ? key.name : pattern, entry, storedAt },
    deadlineAt: timeout > 0 ? storedAt + timeout : undefined,
    ...{ calls: Math.max(1, calls.length, events), once, groups },
  };
}

/** @param place in a pack; -1: it is none */
async function groupOf(
  { key, entry }: FoundCall,
  about: readonly string[],
  { at: place, areEvents }: { readonly at: number; readonly areEvents: boolean },
): Promise<TracedGroup> {
  const { link, keys } = key.shard;
  const stream = keys.stream(key.name);
  const group = about[about.indexOf('name') + 1] ?? '';
  const delivered = about[about.indexOf('last-delivered-id') + 1] ?? '0-0';
  const note = place === -1 ? `${group} ${entry}` : `${group} ${entry}#${place}`;
  const part = areEvents ? `${entry} ${group}` : entry;
  const [pending, due, started, ended, now] = await Promise.all([
    unlessRefused(link.command('xpending', [stream, group, entry, entry, '1']), []),
    unlessRefused(link.command('hget', [keys.due(key.name), note]), null),
    unlessRefused(link.command('hget', [keys.started(key.name), `${group} ${entry}`]), null),
    unlessRefused(link.command('hget', [keys.part(key.name), part]), null),
    timeOfServer(link),
  ]);
  const [, consumer, idle, deliveries] = listOf(listOf(pending, 'XPENDING')[0] ?? [], 'XPENDING');
  const [dueAt = 0, attempts = 0] = textOr(due, '').split(' ').map(numberOf);
  const held = typeof consumer === 'string';
  const starter = textOr(started, '');
  const facts = { group, deliveries: numberOf(deliveries), attempts };
  if (!held && starter !== '') {
    return { ...facts, state: 'started', consumer: starter, heldFor: undefined, dueAt: undefined };
  }
  const state =
    place >= 0 && textOr(ended, '').charAt(place) === 'x'
      ? 'done'
      : held
        ? dueAt > now
          ? 'retry'
          : 'held'
        : compareIds(entry, delivered) > 0
          ? 'waits'
          : 'done';
  return {
    ...{ ...facts, state, consumer: held ? consumer : undefined },
    heldFor: held ? numberOf(idle) : undefined,
    dueAt: dueAt > now ? dueAt : undefined,
  };
}

/** Undefined if the letter went meanwhile. */
export async function tracedLetter({ key, entry }: FoundCall): Promise<TracedLetter | undefined> {
  const { link, keys, shards } = withCount(key.shard);
  const answer = await link.command('xrange', [keys.dead(key.name), entry, entry]);
  const [letter] = rawEntries(answer, 'XRANGE');
  if (letter === undefined) return undefined;
  const field = (name: string): string => {
    const at = letter.fields.findIndex((one, i) => i % 2 === 0 && one === name);
    return at === -1 ? '' : (letter.fields[at + 1] ?? '');
  };
  return {
    id: shards === 1 ? entry : `${key.shard.shard}/${entry}`,
    group: key.name,
    at: numberOf(field('at')),
    ...{ reason: field('reason'), error: field('error') },
    ...{ deliveries: numberOf(field('deliveries')), attempts: numberOf(field('attempts')) },
  };
}

const withCount = ({ link, keys }: FoundCall['key']['shard']) => ({
  ...{ link, keys, shards: keys.shards },
});
