import {
  announceWildcardsScript,
  withdrawWildcardsScript,
} from '../../redis/operations/wildcards/announce-wildcards.js';
import { SERVED_LIFE, WILD } from '../../redis/operations/lease/announce.js';
import {
  answeredWildcardsScript,
  answerersScript,
} from '../../redis/operations/wildcards/answered-wildcards.js';
import { claimStreamScript } from '../../redis/operations/wildcards/claim-stream.js';
import {
  knownStreamsScript,
  noteLookedScript,
  rememberStreamsScript,
  unknownStreamsScript,
} from '../../redis/operations/wildcards/known-streams.js';
import { retireStreamScript } from '../../redis/operations/wildcards/retire-stream.js';
import { fenced } from './fence.js';
import { operation } from './operation.js';
import type { Store } from './store.js';

/** Milliseconds that a group may take to be made after it has claimed a stream. */
const PENDING = 60_000;

/** Announces which wildcards a consumer handles, until the end of its lease. */
export const announceWildcards = operation(announceWildcardsScript, (store, said) => {
  const { streams, looked, wildcards, group, consumer, marks } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return [lost];
  const { now } = store;
  let isNew = false;
  for (const { kind, other, text } of marks) {
    const known = `${group} ${text}`;
    if (store.scoreOf(streams, `g${known}`) === undefined) {
      store.setScore(streams, `g${known}`, said.came === '' ? now : Number(said.came));
      isNew = true;
    }
    if (store.scoreOf(looked, known) === undefined) store.setScore(looked, known, 0);
    store.setScore(wildcards, `${group} ${consumer} ${kind} ${text}`, now + Number(said.ttl));
    store.deleteMember(wildcards, `${group} ${consumer} ${other} ${text}`);
    const counts = now + Math.max(Number(said.ttl), Number(said.groupTtl));
    const mark = `${group} . k ${text}`;
    if ((store.scoreOf(wildcards, mark) ?? 0) < counts) store.setScore(wildcards, mark, counts);
  }
  for (const old of store.membersUpTo(wildcards, now - Number(said.ttl))) {
    const [, of = '', text] = /^(\S+) \. k ([^]+)$/.exec(old) ?? [];
    if (text !== undefined) {
      store.deleteMember(looked, `${of} ${text}`);
      store.deleteMember(streams, `g${of} ${text}`);
    }
    store.deleteMember(wildcards, old);
  }
  for (const key of [streams, looked, wildcards])
    if (store.lifeOf(key) < Number(said.life)) store.expire(key, Number(said.life));
  return ['ok', String(now), isNew ? '1' : '0'];
});

/** Withdraws what a consumer has announced. */
export const withdrawWildcards = operation(withdrawWildcardsScript, (store, said) => {
  const members = said.marks.map((mark) => `${said.group} ${said.consumer} ${mark}`);
  const there = members.filter((one) => store.scoreOf(said.wildcards, one) !== undefined);
  for (const member of there) store.deleteMember(said.wildcards, member);
  return there.length;
});

/** Lists the wildcards whose requests live consumers answer. */
export const answeredWildcards = operation(answeredWildcardsScript, (store, said) => {
  const members = store.membersFrom(said.wildcards, store.now).slice(0, Number(said.most));
  const answered = new Map<string, string[]>();
  for (const member of members) {
    const [, group = '', ttl = '', text] = /^(\S+) \S+ r(\d+) ([^]+)$/.exec(member) ?? [];
    const name = `${group} ${text}`;
    if (text !== undefined && !answered.has(name)) answered.set(name, [group, ttl, text]);
  }
  return [...answered.values()].flat();
});

/** Finds out of which patterns a group with a wildcard answers the requests. */
export const answerers = operation(answerersScript, (store, { patterns }) =>
  patterns.map(({ registry, by }) => {
    const seen = new Map<string, number>();
    for (const [name, value] of store.hash(registry)) {
      const at = /^(\d+) r /.exec(value)?.[1];
      if (at !== undefined) seen.set(name, Number(at));
    }
    const isAnswered = [...by.matchAll(/(\S+) (\d+)/g)].some(([, group = '', ttl]) => {
      const others = [...seen].filter(
        ([name, at]) => name !== group && store.now - at <= Number(ttl),
      );
      return seen.has(group) || others.length === 0;
    });
    return isAnswered ? '1' : '0';
  }),
);

const isAfter = (one: string, other: string): boolean =>
  Buffer.compare(Buffer.from(one), Buffer.from(other)) > 0;

/** Lists streams that became known, from a time on. */
export const knownStreams = operation(knownStreamsScript, (store, said) => {
  const { streams, after } = said;
  const from = Number(said.from);
  const members = store
    .membersFrom(streams, from)
    .filter((member) => store.scoreOf(streams, member) !== from || isAfter(member, after))
    .slice(0, Number(said.count));
  const names = members.flatMap((member) => [
    member.startsWith('s') ? member.slice(1) : '',
    String(store.scoreOf(streams, member)),
  ]);
  return [String(store.now), members.at(-1) ?? '', ...names];
});

/** Answers which of the streams are not known, if anything is. */
export const unknownStreams = operation(unknownStreamsScript, (store, { streams, mark, names }) => {
  if (store.scoreOf(streams, `g${mark}`) === undefined) return ['0'];
  return ['1', ...names.filter((name) => store.scoreOf(streams, `s${name}`) === undefined)];
});

/** Makes streams known again. */
export const rememberStreams = operation(rememberStreamsScript, (store, { streams, names }) => {
  const unknown = names.filter((name) => store.scoreOf(streams, `s${name}`) === undefined);
  for (const name of unknown) store.setScore(streams, `s${name}`, store.now);
  return unknown.length;
});

/** Notes up to when a group has dealt with all streams. */
export const noteLooked = operation(noteLookedScript, (store, { looked, group, time, texts }) => {
  let made = 0;
  for (const text of texts) {
    const known = store.scoreOf(looked, `${group} ${text}`);
    if (known === undefined) made++;
    if (known === undefined || known < Number(time))
      store.setScore(looked, `${group} ${text}`, Number(time));
  }
  return made;
});

/** Claims a known stream for a group that has a wildcard for it, or claims it anew. */
export const claimStream = operation(claimStreamScript, (store, said) => {
  const { streams, registry, live, group, name } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return [lost];
  const { now } = store;
  if (store.scoreOf(streams, `s${name}`) === undefined) return ['gone'];
  const { again } = said;
  if (again === '' && !store.has(said.stream) && !store.has(said.when)) {
    store.deleteMember(streams, `s${name}`);
    return ['gone'];
  }
  const own = ownOf(store, said);
  const answers = said.answers === '1';
  const other = answers ? answering(store, said, own) : undefined;
  if (other !== undefined && said.listens !== '1' && again === '') return ['taken', '', other];
  if (other !== undefined && again === 'look') return ['yields', '', other];
  const fellows = store.membersFrom(live, now).some((member) => {
    const [of, consumer] = member.split(' ');
    return of === group && consumer !== said.consumer;
  });
  const kind = answers && other === undefined ? 'r' : 'e';
  const member = `${group} ${said.consumer} `;
  const { mine, mark, held } = own;
  let upTo = (kind === 'e' && /^e \d+ (\d+-\d+)$/.exec(mark ?? '')?.[1]) || '';
  if (kind === 'r') {
    store.setScore(live, '.', 0);
    store.setScore(live, member + said.flag, now + Number(said.ttl));
    store.expire(live, SERVED_LIFE);
  } else {
    const announced = [said.flag, said.was].filter(
      (flag) => store.scoreOf(live, member + flag) !== undefined,
    );
    for (const flag of announced) store.deleteMember(live, member + flag);
    // Each instance that answered until now: others may have been handed more meanwhile.
    if (other !== undefined && (held === 'r' || announced.length > 0)) {
      const last = store.group(said.stream, group)?.last;
      if (last !== undefined && store.group(said.stream, other) === undefined) upTo = last;
      else if (held === 'r') upTo = '';
    }
  }
  if (mine !== undefined)
    store.setField(registry, group, mine.replace(/^(\d+) [a-z]/, `$1 ${kind}`));
  if (mine === undefined || mark !== undefined)
    store.setField(registry, `${group} wild`, `${kind} ${now}${upTo === '' ? '' : ` ${upTo}`}`);
  if (held !== undefined && held !== kind) store.publish(streams, name);
  const cameOf = (text: string): number => store.scoreOf(streams, `g${group} ${text}`) ?? now;
  const from = Math.max(now - Number(said.groupTtl), Math.min(now, ...said.texts.map(cameOf)));
  const id = `${Math.max(1, from) - 1}-18446744073709551615`;
  return other === undefined ? ['ok', id] : ['left', id, other, upTo, fellows ? '1' : '0'];
});

interface Claimed {
  readonly registry: string;
  readonly live: string;
  readonly group: string;
  readonly groupTtl: string;
}

/** What a group that claims has: its entry in the registry, the mark of its claim, and its kind. */
interface OwnClaim {
  readonly mine: string | undefined;
  readonly mark: string | undefined;
  readonly held: string | undefined;
}

/** The kind of a claim that has become no group yet, while it counts. */
function pendingKind(mark: string | undefined, now: number): string | undefined {
  const [, kind, at] = /^([a-z]) (\d+)/.exec(mark ?? '') ?? [];
  return now - Number(at) <= PENDING ? kind : undefined;
}

function ownOf(store: Store, { registry, group }: Claimed): OwnClaim {
  const entry = store.field(registry, group);
  const kind = /^\d+ ([a-z])/.exec(entry ?? '')?.[1];
  const mark = store.field(registry, `${group} wild`);
  const mine = kind === undefined ? undefined : entry;
  return { mine, mark, held: kind ?? pendingKind(mark, store.now) };
}

/** Another group that answers the requests of a stream, and goes before this one. */
function answering(store: Store, said: Claimed, own: OwnClaim): string | undefined {
  const { now } = store;
  const isNamed = own.mine !== undefined && own.mark === undefined;
  const yields = (to: string, isWild: boolean): boolean =>
    to !== said.group && (!isWild || own.held !== 'r' || (!isNamed && to < said.group));
  let other: string | undefined;
  const fields = store.hash(said.registry);
  for (const [of, value] of fields) {
    const seen = /^(\d+) r /.exec(value)?.[1];
    const claimant = /^(\S+) wild$/.exec(of)?.[1];
    if (seen !== undefined) {
      const counts = now - Number(seen) <= Number(said.groupTtl);
      if (counts && yields(of, fields.has(`${of} wild`))) other = of;
    } else if (claimant !== undefined && !fields.has(claimant)) {
      if (pendingKind(value, now) === 'r' && yields(claimant, true)) other = claimant;
    }
  }
  for (const member of store.membersFrom(said.live, now)) {
    const [of = '', consumer = '', ...words] = member.split(' ');
    if (consumer !== '' && yields(of, words.includes(WILD))) other = of;
  }
  return other;
}

/** Removes a known stream that is not used. */
export const retireStream = operation(retireStreamScript, (store, said) => {
  const { streams, registry, name } = said;
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const before = store.now - Number(said.idle);
  const known = store.scoreOf(streams, `s${name}`);
  if (known === undefined || known > before) return 'kept';
  if (store.has(said.when)) return 'kept';
  const stream = store.stream(said.stream);
  const isWild = (group: string): boolean => store.field(registry, `${group} wild`) !== undefined;
  if (stream !== undefined) {
    if (stream.length > 0 || Number(stream.last.split('-')[0]) > before) return 'kept';
    for (const [group, { pending }] of stream.groups)
      if (pending.size > 0 || !isWild(group)) return 'kept';
  }
  for (const [field, value] of store.hash(registry))
    if (/^\d+ [a-z]/.test(value) && !isWild(field)) return 'kept';
  store.deleteStream(said.stream);
  for (const key of [registry, said.due, said.part, said.started]) store.delete(key);
  store.deleteMember(streams, `s${name}`);
  return 'retired';
});
