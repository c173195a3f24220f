import { readJson } from './json.js';

// What `paused:<group>` holds: fields `p:<pattern>` and `i:<consumer>`, and the revision of them all.

/** Field that changes with each change of the others. */
export const PAUSE_REVISION = '#';
/** Fields that one group may have. */
export const MOST_PAUSES = 1000;
/** Characters of a reason. */
export const LONGEST_REASON = 200;

/** That nothing new of a pattern, or at an instance, is to start. Times in milliseconds since 1970, by Redis' clock. */
export interface Pause {
  /** Since when. */
  readonly at: number;
  /** When it ends by itself; undefined: when somebody resumes it. */
  readonly until: number | undefined;
  /** Calls are refused with PAUSED instead of waiting. */
  readonly refuses: boolean;
  /** Why, in the words of who paused it; '' if nothing was said. */
  readonly reason: string;
}

export const pausedPattern = (pattern: string): string => `p:${pattern}`;
export const pausedInstance = (consumer: string): string => `i:${consumer}`;

/** What a field is about. */
export function namedIn(field: string): { kind: 'pattern' | 'instance'; name: string } | undefined {
  const name = field.slice(2);
  if (name === '') return undefined;
  if (field.startsWith('p:')) return { kind: 'pattern', name };
  return field.startsWith('i:') ? { kind: 'instance', name } : undefined;
}

export const pauseText = ({ at, until, refuses, reason }: Pause): string =>
  JSON.stringify({
    ...{ at, ...(until === undefined ? {} : { until }), refuse: refuses },
    reason: reason.slice(0, LONGEST_REASON),
  });

/** Anyone may have written it. A text that cannot be read is a pause all the same: somebody wanted one. */
export function readPause(text: string): Pause {
  const read = text.length > 4096 ? undefined : readJson(text);
  const value = read?.ok === true ? read.value : undefined;
  const said = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const { at, until, refuse, reason } = said;
  return {
    at: typeof at === 'number' ? at : 0,
    until: typeof until === 'number' ? until : undefined,
    refuses: refuse === true,
    reason: typeof reason === 'string' ? reason.slice(0, LONGEST_REASON) : '',
  };
}

/** How people read until when it lasts; '' if that is not known. */
export const untilText = ({ until }: Pause): string =>
  until === undefined || !(until > 0 && until < 8.64e15)
    ? ''
    : ` until ${new Date(until).toISOString()}`;

/** What is paused in a group, as one shard notes it. */
export interface NotedPauses {
  readonly patterns: ReadonlyMap<string, Pause>;
  /** By consumer. */
  readonly instances: ReadonlyMap<string, Pause>;
}

export const NO_PAUSES: NotedPauses = { patterns: new Map(), instances: new Map() };

/** @param fields names and values in turn */
export function pausesIn(fields: readonly string[]): NotedPauses {
  const patterns = new Map<string, Pause>();
  const instances = new Map<string, Pause>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const named = namedIn(fields[i] ?? '');
    if (named === undefined) continue;
    const noted = named.kind === 'pattern' ? patterns : instances;
    noted.set(named.name, readPause(fields[i + 1] ?? ''));
  }
  return { patterns, instances };
}
