// An instance is killed with calls in its hands: how long until another one has answered them.
import { nowMs, sleep } from '../harness/clock.js';
import { Team } from '../harness/team.js';
import type { Mode } from './mode.js';
import type { Settings } from '../peers/index.js';

const CALLS = 20;

export const run: Mode['run'] = async (options, results) => {
  const { leaseTtl } = options;
  const settings = leaseTtl === undefined ? {} : { leaseTtl };
  for (let round = 1; round <= options.rounds; round++) {
    const measured = await recovery(settings, options.cpuProf);
    results.fact('recovery', { leaseTtl: leaseTtl ?? 'default', round }, measured);
  }
};

/** From the death of an instance to the answers of what it held. */
export async function recovery(settings: Settings, cpuProf: string | undefined) {
  const team = await Team.gather('ours', { settings, ...(cpuProf ? { cpuProf } : {}) });
  try {
    const victim = await team.addService({ ...settings, mute: true });
    await team.client.ask('open', { url: team.broker.url, settings });
    const answers = team.client.ask('answers', 'echo', CALLS);
    while ((await victim.ask('counts')).calls < CALLS) await sleep(5);
    await team.addService(settings);
    // Long enough for both to know each other and to have renewed their leases.
    await sleep(1000);
    const killedAt = nowMs();
    await victim.kill();
    const { first, last } = await answers;
    return { firstAnswerMs: first - killedAt, lastAnswerMs: last - killedAt };
  } finally {
    team.services.shift();
    await team.stop();
  }
}
