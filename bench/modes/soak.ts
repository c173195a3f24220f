// Many calls in a row: whether memory stays where it is after the first of them.
import { nowMs, sleep } from '../harness/clock.js';
import { startTeams, stopTeams } from '../harness/teams.js';
import type { Mode } from './mode.js';
import type { Team } from '../harness/team.js';
import type { Spec } from '../loads/spec.js';
import { flatness } from '../report/flat.js';
import type { Results } from '../report/results.js';

const SAMPLES = 20;
const MEMBERS = ['client', 'service', 'broker'] as const;

export const run: Mode['run'] = async (options, results) => {
  const peers = options.peersGiven ? options.peers : ['ours'];
  const teams = await startTeams({ ...options, peers }, results);
  try {
    for (const team of teams) await soak(team, options.calls, results);
  } finally {
    await stopTeams(teams);
  }
};

async function soak(team: Team, calls: number, results: Results) {
  const spec: Spec = { load: 'closed', pattern: 'echo', payload: '100B', concurrency: 128 };
  const looks: Record<(typeof MEMBERS)[number], number[]> = { client: [], service: [], broker: [] };
  const { peer } = team;
  const startedAt = nowMs();
  await team.client.ask('begin', spec);
  let [done, errors] = [0, 0];
  for (let sample = 1; sample <= SAMPLES; sample++) {
    while (done < (calls * sample) / SAMPLES) {
      await sleep(100);
      const marked = await team.client.ask('mark');
      done += marked.calls ?? 0;
      errors += marked.errors ?? 0;
    }
    const { mark, client, services, broker } = await team.look();
    done += mark.calls;
    errors += mark.errors;
    for (const [name, usage] of [
      ['client', client],
      ['service', services[0]],
      ['broker', broker],
    ] as const)
      looks[name].push((usage?.rss ?? Number.NaN) / 1024 / 1024);
    const last = (name: keyof typeof looks): number => looks[name].at(-1) ?? Number.NaN;
    results.fact(
      'soak',
      { peer, calls: done },
      {
        callsPerSecond: done / ((nowMs() - startedAt) / 1000),
        errors,
        ...{ clientMb: last('client'), serviceMb: last('service'), brokerMb: last('broker') },
      },
    );
  }
  await team.client.ask('end');
  if (errors > 0) results.failed(`${peer}: ${errors} calls failed`);
  for (const name of MEMBERS) {
    const { before, after, isFlat } = flatness(looks[name]);
    const line = `${peer}, ${name}: ${before.toFixed(1)} MB, then ${after.toFixed(1)} MB`;
    if (isFlat) results.say(`flat: ${line}`);
    // What is not known is no failure: a broker may not tell.
    else if (!Number.isNaN(after)) results.failed(`not flat: ${line}`);
  }
}
