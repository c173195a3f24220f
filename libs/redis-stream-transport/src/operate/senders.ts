import { readJson } from '../protocol/json.js';

/** An application that sends, in one process, with one client or several. */
export interface Sender {
  /** As its connections are named: the name of the package, or of the script that runs. */
  readonly application: string;
  /** Host and process id. */
  readonly process: string;
  /** Milliseconds that the counts are of. */
  readonly over: number;
  /** What it has sent, the most first: entries, of which a pack has several calls. Of each client 200 patterns at most. */
  readonly patterns: readonly { readonly pattern: string; readonly entries: number }[];
}

/** Applications that send. */
export interface Senders {
  readonly senders: readonly Sender[];
  /** False: time was up, or there are too many, before all were found. */
  readonly complete: boolean;
}

/** What one client says in one shard. */
export type SenderNote = Omit<Sender, 'patterns'> & {
  readonly patterns: ReadonlyMap<string, number>;
};

/** Characters of a note, and of a name in it. */
const LONGEST = 20_000;
const LONGEST_NAME = 256;

/** Anyone may have written it: what is not as expected is left out. */
export function senderIn(text: string): SenderNote | undefined {
  const read = text.length > LONGEST ? undefined : readJson(text);
  const value = read?.ok === true ? read.value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { application, process, for: over, patterns } = value as Record<string, unknown>;
  if (!isName(application) || !isName(process) || !Array.isArray(patterns)) return undefined;
  const counts = new Map<string, number>();
  for (const pair of patterns as unknown[]) {
    const [pattern, entries] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof pattern === 'string' && isAmount(entries)) counts.set(pattern, entries);
  }
  return { application, process, over: isAmount(over) ? over : 0, patterns: counts };
}

/** Joins what the clients of a process say, in all shards. */
export function sendersOf(notes: readonly SenderNote[], wanted?: string): Sender[] {
  const joined = new Map<string, { note: SenderNote; over: number; counts: Map<string, number> }>();
  for (const note of notes) {
    if (wanted !== undefined && !note.patterns.has(wanted)) continue;
    const key = JSON.stringify([note.application, note.process]);
    const known = joined.get(key) ?? { note, over: 0, counts: new Map<string, number>() };
    joined.set(key, known);
    known.over = Math.max(known.over, note.over);
    for (const [pattern, entries] of note.patterns) {
      known.counts.set(pattern, (known.counts.get(pattern) ?? 0) + entries);
    }
  }
  return [...joined.values()]
    .map(({ note: { application, process }, over, counts }) => {
      const all = [...counts].map(([pattern, entries]) => ({ pattern, entries }));
      const patterns = all.toSorted((one, other) => other.entries - one.entries);
      return { application, process, over, patterns };
    })
    .toSorted((one, other) => (one.application < other.application ? -1 : 1));
}

const isName = (said: unknown): said is string =>
  typeof said === 'string' && said.length <= LONGEST_NAME;
const isAmount = (said: unknown): said is number => Number.isSafeInteger(said) && Number(said) >= 0;
