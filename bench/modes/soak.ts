// Many calls in a row: whether memory stays where it is after the first of them.
import { sleep } from '../harness/clock.js';
import { startTeams, stopTeams } from '../harness/teams.js';
import type { Mode } from './mode.js';
import type { Team } from '../harness/team.js';
import type { Spec } from '../loads/spec.js';
import type { Results } from '../report/results.js';

const SAMPLES = 20;

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
  await team.client.ask('begin', spec);
  let done = 0;
  for (let sample = 1; sample <= SAMPLES; sample++) {
    while (done < (calls * sample) / SAMPLES) {
      await sleep(100);
      done += (await team.client.ask('mark')).calls ?? 0;
    }
    const { client, services, broker } = await team.look();
    const megabytes = (bytes: number | undefined = Number.NaN) => bytes / 1024 / 1024;
    results.fact(
      'soak',
      { peer: team.peer, calls: done },
      {
        clientMb: megabytes(client.rss),
        serviceMb: megabytes(services[0]?.rss),
        brokerMb: megabytes(broker?.rss),
      },
    );
  }
  await team.client.ask('end');
}
