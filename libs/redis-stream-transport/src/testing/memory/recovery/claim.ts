import { TOMBSTONE } from '../../../redis/lua/fence.js';
import { claimScript } from '../../../redis/operations/recovery/claim.js';
import { fenced } from '../fence.js';
import type { Group, Pending } from '../group.js';
import { isNested } from '../headers.js';
import { operation, type Answer } from '../operation.js';
import { knownOf, noteOf, packed } from '../packs.js';
import type { Store } from '../store.js';

/** How many pages of pending entries one claim looks at, and entries of a page. */
const PAGES = 10;
const PAGE = 100;

/** What a claim is given. */
interface Wanted {
  readonly stream: string;
  readonly due: string;
  readonly part: string;
  readonly group: string;
  readonly dead: string;
  readonly me: string;
  readonly permitted: string;
  readonly nestedFrom: string;
}

/** What a claim knows of an entry that it may take. */
interface Candidate {
  readonly pending: Pending;
  readonly note: string;
  /** Deliveries that do not count, with this one. */
  readonly spared: number;
  /** This would be its last permitted delivery. */
  readonly isSuspect: boolean;
}

/** Looks at what is pending under a dead consumer. */
class Looking {
  private readonly last: number;

  constructor(
    private readonly store: Store,
    private readonly of: Wanted,
    /** 1 if the dead consumer left by itself. */
    private readonly left: number,
  ) {
    this.last = Number(of.permitted);
  }

  candidate(pending: Pending): Candidate {
    const { due, group } = this.of;
    const note = noteOf(this.store, due, group, pending.id);
    const before = Number(/^\S+ \S+ \S* (\d+)$/.exec(note)?.[1] ?? 0);
    const spared = Math.min(before, Math.max(0, pending.deliveries - 1)) + this.left;
    const counted = pending.deliveries + 1 - spared;
    return { pending, note, spared, isSuspect: this.isLast(pending.id, counted) };
  }

  /** What was deleted meanwhile goes with the claim. */
  isWanted(id: string): boolean {
    if (this.of.nestedFrom === '') return true;
    const { stream } = this.of;
    return this.store.entry(stream, id) === undefined || isNested(this.store.headerOf(stream, id));
  }

  private isLast(id: string, counted: number): boolean {
    if (counted <= 1 || this.last <= 1 || counted < this.last) return false;
    if (counted === this.last) return true;
    const entry = this.store.entry(this.of.stream, id);
    return entry !== undefined && packed(entry) > 0;
  }
}

interface Chosen {
  readonly taken: readonly Candidate[];
  readonly suspect: Candidate | undefined;
  /** The last entry that was looked at, if there may be more after it. */
  readonly upTo: string | undefined;
}

function choose(
  looking: Looking,
  group: Group,
  most: number,
  { dead, nestedFrom }: Wanted,
): Chosen {
  const first = nestedFrom === '' ? most : PAGE;
  const pages = first + PAGE * (PAGES - 1);
  const from = nestedFrom === '' ? '-' : nestedFrom;
  const pending = group.range({ from, count: pages + 1, consumer: dead });
  const taken: Candidate[] = [];
  let suspect: Candidate | undefined;
  for (const [i, each] of pending.slice(0, pages).entries()) {
    // A claim ends with the page on which it has found something.
    const isNextPage = i >= first && (i - first) % PAGE === 0;
    if (taken.length === most || (taken.length > 0 && isNextPage)) break;
    if (!looking.isWanted(each.id)) continue;
    const candidate = looking.candidate(each);
    if (candidate.isSuspect) suspect ??= candidate;
    else taken.push(candidate);
  }
  return { taken, suspect, upTo: pending.length > pages ? pending[pages - 1]?.id : undefined };
}

/** Claims entries that are pending under a revoked consumer. When nothing is left, it is taken off the group. */
export const claim = operation(claimScript, (store, said) => {
  const lost = fenced(store, said);
  if (lost !== undefined) return [lost];
  if (store.text(said.revoked) !== TOMBSTONE) return ['alive'];
  const group = store.group(said.stream, said.group);
  if (group === undefined) return ['empty'];
  const isNestedOnly = said.nestedFrom !== '';
  const from = isNestedOnly ? said.nestedFrom : '-';
  if (group.range({ from, count: 1, consumer: said.dead }).length === 0) {
    if (from === '-') group.unlist(said.dead);
    return ['empty'];
  }
  const left = store.has(said.gone) ? 1 : 0;
  const chosen = choose(new Looking(store, said, left), group, Number(said.count), said);
  const { suspect, upTo } = chosen;
  if (chosen.taken.length > 0) return take(store, said, chosen.taken, left);
  if (suspect !== undefined && said.suspects === '1') return take(store, said, [suspect], left);
  if (isNestedOnly && upTo !== undefined) return ['on', upTo, suspect === undefined ? '0' : '1'];
  return isNestedOnly && suspect === undefined ? ['empty'] : ['suspects'];
});

function take(store: Store, of: Wanted, candidates: readonly Candidate[], left: number): Answer {
  const { due, me } = of;
  const group = store.group(of.stream, of.group) as Group;
  const ids = candidates.map(({ pending }) => pending.id);
  const entries = new Map(
    store
      .streamMade(of.stream)
      .claim(group, me, ids)
      .map((entry) => [entry[0], entry]),
  );
  const lists: [Answer[], Answer[], Answer[], Answer[]] = [[], [], [], []];
  for (const { pending, note: before, spared } of candidates) {
    const name = `${of.group} ${pending.id}`;
    const entry = entries.get(pending.id);
    if (entry === undefined) {
      store.deleteField(due, name);
      continue;
    }
    let note = before;
    if (left === 1) {
      const attempt = /^\S+ \S+ \S*/.exec(before)?.[0] ?? '0 0 ';
      note = `${attempt} ${spared}`;
      store.setField(due, name, note);
    }
    const known = knownOf(store, of, entry);
    for (const [i, value] of [entry, String(pending.deliveries), note, known].entries())
      lists[i]?.push(value);
  }
  return ['ok', ...lists];
}
