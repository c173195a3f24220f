/** Files by name, each with the files that it imports. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** What a depth-first walk knows of a file: when it was met, and the earliest file that leads back from it. */
interface Met {
  readonly order: number;
  back: number;
  open: boolean;
}

/** Groups of two files or more in which each leads to every other one, each group sorted (after Tarjan). */
export function circlesOf(graph: Graph): string[][] {
  const met = new Map<string, Met>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): Met => {
    const own: Met = { order: met.size, back: met.size, open: true };
    met.set(file, own);
    open.push(file);
    for (const next of graph.get(file) ?? []) {
      const other = met.get(next);
      if (other === undefined) own.back = Math.min(own.back, visit(next).back);
      else if (other.open) own.back = Math.min(own.back, other.order);
    }
    if (own.back === own.order) {
      const group = open.splice(open.indexOf(file));
      for (const one of group) (met.get(one) as Met).open = false;
      if (group.length > 1) circles.push(group.toSorted());
    }
    return own;
  };
  for (const file of graph.keys()) if (!met.has(file)) visit(file);
  return circles;
}
