// Many calls in a row: whether memory stays where it is after the first of them.
import { sleep } from '../harness/clock.mjs';
import { startTeams, stopTeams } from '../harness/teams.mjs';

const SAMPLES = 20;

/** @type {import('./index.mjs').Mode['run']} */
export async function run(options, results) {
  const peers = options.peersGiven ? options.peers : ['ours'];
  const teams = await startTeams({ ...options, peers }, results);
  try {
    for (const team of teams) await soak(team, options.calls, results);
  } finally {
    await stopTeams(teams);
  }
}

/**
 * @param {import('../harness/team.mjs').Team} team
 * @param {number} calls
 * @param {import('../report/results.mjs').Results} results
 */
async function soak(team, calls, results) {
  const spec = { load: 'closed', pattern: 'echo', payload: '100B', concurrency: 128 };
  await team.client.ask('begin', spec);
  let done = 0;
  for (let sample = 1; sample <= SAMPLES; sample++) {
    while (done < (calls * sample) / SAMPLES) {
      await sleep(100);
      done += (await team.client.ask('mark')).calls;
    }
    const { client, services, broker } = await team.look();
    const megabytes = (/** @type {number | undefined} */ bytes = Number.NaN) => bytes / 1024 / 1024;
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
