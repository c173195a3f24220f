// How a run of the aims is cut into parts: what can be measured with the same processes, in rounds of its own.
import type { Load } from '../report/cells.js';
import { keyOf } from '../report/ratios.js';
import type { Aim } from './aims.js';

/** One load, and who has to do it. */
export interface Case {
  readonly load: Load;
  readonly peers: readonly string[];
}

export interface Part {
  readonly instances: number;
  readonly callers: number | undefined;
  readonly peers: readonly string[];
  readonly cases: readonly Case[];
}

/** @param takesPart whether a peer is to be measured at all */
export function partsOf(aims: readonly Aim[], takesPart: (peer: string) => boolean): Part[] {
  const cases: Map<string, { load: Load; peers: Set<string> }> = new Map();
  for (const { load, of, to } of aims) {
    const key = keyOf(load);
    const one = cases.get(key) ?? { load, peers: new Set() };
    for (const peer of [of, ...Object.keys(to)]) if (takesPart(peer)) one.peers.add(peer);
    cases.set(key, one);
  }
  const parts: Map<string, Case[]> = new Map();
  for (const { load, peers } of cases.values()) {
    const key = `${load.instances} ${load.callers}`;
    parts.set(key, [...(parts.get(key) ?? []), { load, peers: [...peers] }]);
  }
  return [...parts.values()].map((own) => {
    const { instances, callers } = (own[0] as Case).load;
    return {
      instances,
      callers,
      peers: [...new Set(own.flatMap(({ peers }) => peers))],
      cases: own,
    };
  });
}

/** Aims whose titles have one of these texts in them; all of them if there are none. */
export function chosen<T extends { readonly title: string }>(
  rows: readonly T[],
  texts: readonly string[],
): readonly T[] {
  if (texts.length === 0) return rows;
  const title = (row: T) => row.title.toLowerCase();
  return rows.filter((row) => texts.some((text) => title(row).includes(text.toLowerCase())));
}
