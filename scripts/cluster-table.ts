// npm run cluster:table: what faults of a Cluster come to, as the table of docs/scaling.md. Two minutes; the machine
// should do nothing else. With --times n, the master dies n times.
import { parseArgs } from 'node:util';
import { RedisCluster } from '../tools/redis/cluster.js';
import * as rows from './cluster-table/rows.js';

const { values } = parseArgs({ options: { times: { type: 'string', default: '5' } } });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
// By default Redis stops all masters while one has failed.
const args = ['--cluster-require-full-coverage', 'no'];
const cluster = await RedisCluster.start({ masters: 3, replicas: 1, nodeTimeout: 1500, args });
const print = ([what, result]: rows.Row) => console.log(`| ${what} | ${result} |`);
try {
  for (const measure of [
    rows.connections,
    rows.firstCalls,
    rows.closing,
    rows.manyReplies,
    rows.cutSubscriptions,
    rows.cutLinks,
  ]) {
    print(await measure(cluster));
  }
  for (const row of await rows.kills(cluster, Number(values.times))) print(row);
} finally {
  await cluster.stop();
}
process.exit(0);
