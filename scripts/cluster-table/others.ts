// Whether calls to other shards notice that a master is dead: their 99th percentile before, until its replica is
// promoted, and in the second after. A master of another Cluster on the same machine dies in turn with it: what that does
// to them is nothing that connections could cause.
import { fileURLToPath } from 'node:url';
import { Forked } from '../../tools/forked.js';
import type { RedisCluster } from '../../tools/redis/cluster.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { pause } from '../../tools/wait.js';
import { Place } from './place.js';
import { promotion, type Row } from './rows.js';
import { now, p99, type Made } from './traffic.js';

/** As many as a Cluster has by default. */
const SHARDS = 24;
const PART = fileURLToPath(new URL('part.ts', import.meta.url));
/** Milliseconds before a kill that count as normal. */
const BEFORE = 2000;
/** Milliseconds after the promotion in which links come back. */
const AFTER = 1000;

/** Instances in one process, and whether there is a client that calls. */
type Part = readonly [instances: number, calls: boolean];

const LAYOUTS: Readonly<Record<string, readonly Part[]>> = {
  'in processes of their own': [
    [1, false],
    [1, false],
    [0, true],
  ],
  'in one process': [[2, true]],
};

interface Kill {
  readonly killed: number;
  readonly promoted: number;
  /** Patterns of the dead master: calls to them wait. */
  readonly waiting: ReadonlySet<string>;
}

/** @param control another Cluster */
export async function others(
  cluster: RedisCluster,
  control: RedisCluster,
  times: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [layout, parts] of Object.entries(LAYOUTS)) {
    const place = new Place(cluster, SHARDS);
    const running: Forked[] = [];
    for (const part of parts) running.push(await started(place, part));
    await pause(3000);
    const own: Kill[] = [];
    const floor: Kill[] = [];
    for (let i = 0; i < times; i++) {
      const { patterns } = place.where;
      own.push(await kill(cluster, await place.ownerOf(patterns[i % patterns.length]!), place));
      const masters = await control.masters();
      floor.push(await kill(control, masters[i % masters.length]!));
    }
    const made = await madeBy(running.at(-1)!);
    await Promise.all(running.map((each) => each.kill()));
    rows.push(
      [`a master dies; two instances and a client ${layout}`, shown(made, own)],
      ['a master of another Cluster dies meanwhile', shown(made, floor)],
    );
  }
  return rows;
}

async function started({ where }: Place, [instances, calls]: Part): Promise<Forked> {
  const part = new Forked({
    name: 'a part of the table',
    program: PART,
    args: [JSON.stringify(where), String(instances), String(calls)],
    execArgv: ['--import', 'tsx'],
  });
  await part.message((message): message is object => property(message, 'ready') === true, 60_000);
  return part;
}

async function madeBy(part: Forked): Promise<readonly Made[]> {
  part.tell({ end: true });
  const told = await part.message(
    (message): message is { made: Made[] } => Array.isArray(property(message, 'made')),
    60_000,
  );
  return told.made;
}

/** Of the place the patterns that the master has wait until it is replaced. */
async function kill(cluster: RedisCluster, master: KeptServer, place?: Place): Promise<Kill> {
  const waiting = (await place?.patternsOf(master)) ?? new Set<string>();
  const replica = await cluster.replicaOf(master);
  await pause(BEFORE);
  const killed = now();
  await master.kill();
  const promoted = await promotion(replica);
  await pause(2 * AFTER);
  await cluster.revive(master, replica);
  return { killed, promoted, waiting };
}

function shown(made: readonly Made[], kills: readonly Kill[]): string {
  const within = (from: (kill: Kill) => number, to: (kill: Kill) => number) =>
    kills.flatMap((each) =>
      made.filter(
        ({ pattern, due }) => due >= from(each) && due < to(each) && !each.waiting.has(pattern),
      ),
    );
  const before = within(
    ({ killed }) => killed - BEFORE,
    ({ killed }) => killed,
  );
  const until = within(
    ({ killed }) => killed,
    ({ promoted }) => promoted,
  );
  const after = within(
    ({ promoted }) => promoted,
    ({ promoted }) => promoted + AFTER,
  );
  const part = (what: string, calls: Made[]) =>
    `${p99(calls).toFixed(1)} ${what} (${calls.length})`;
  return `p99 in ms: ${part('before', before)}, ${part('until the promotion', until)}, ${part('in the second after it', after)}`;
}

const property = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
