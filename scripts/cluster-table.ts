// npm run cluster:table: what faults of a Cluster come to, as the table of docs/scaling.md. Eight minutes; the machine
// should do nothing else. With names of rows only these are measured; with --times n, masters die n times.
import { parseArgs } from 'node:util';
import { RedisCluster } from '../tools/redis/cluster.js';
import { others } from './cluster-table/others.js';
import * as rows from './cluster-table/rows.js';

const { values, positionals } = parseArgs({
  options: { times: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const times = Number(values.times);
const started: RedisCluster[] = [];

/** By default Redis stops all masters while one has failed. */
async function start(): Promise<RedisCluster> {
  const args = ['--cluster-require-full-coverage', 'no'];
  const made = await RedisCluster.start({ masters: 3, replicas: 1, nodeTimeout: 1500, args });
  started.push(made);
  return made;
}

type Measure = (cluster: RedisCluster) => Promise<rows.Row | readonly rows.Row[]>;

const MEASURES: Readonly<Record<string, Measure>> = {
  connections: rows.connections,
  'first-calls': rows.firstCalls,
  closing: rows.closing,
  'many-replies': rows.manyReplies,
  'cut-subscriptions': rows.cutSubscriptions,
  'cut-links': rows.cutLinks,
  kills: (cluster) => rows.kills(cluster, times),
  others: async (cluster) => others(cluster, await start(), times),
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  const unknown = positionals.filter((name) => MEASURES[name] === undefined);
  if (unknown.length > 0) throw new Error(`no rows: ${unknown.join(', ')}`);
  const cluster = await start();
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const measured = await measure(cluster);
    const all = (Array.isArray(measured[0]) ? measured : [measured]) as rows.Row[];
    for (const [what, result] of all) console.log(`| ${what} | ${result} |`);
  }
} finally {
  await Promise.all(started.map((cluster) => cluster.stop()));
}
process.exit(0);
