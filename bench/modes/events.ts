// Events, in batches of 128: how many per second reach the handler, until it has seen the last one.
import { inRounds, startTeams, stopTeams } from '../harness/teams.js';
import type { Mode } from './mode.js';
import type { Team } from '../harness/team.js';

const seenWithinMs = 20_000;

export const run: Mode['run'] = async (options, results) => {
  const teams = await startTeams(options, results);
  try {
    for (const team of teams) await burst(team, Math.ceil(options.events / 4));
    await inRounds(
      options.rounds,
      [options.events],
      () => teams,
      async (team, count, round) => {
        const measured = await burst(team, count);
        const spec = {
          load: 'events',
          payload: '100B',
          pattern: 'seen',
          concurrency: 128,
        } as const;
        results.add({ mode: 'events', peer: team.peer, round, instances: 1, ...spec, ...measured });
      },
    );
  } finally {
    await stopTeams(teams);
  }
};

/** Until the handler has seen them all. */
export async function burst(team: Team, count: number) {
  const [service] = team.services;
  if (service === undefined) throw new Error('no service');
  const { events } = await service.ask('counts');
  const before = await team.look();
  const seen = service.ask('whenSeen', events + count, seenWithinMs);
  const { startedAt, errors } = await team.client.ask('burst', 'seen', count);
  const { at, events: total } = await seen;
  const after = await team.look();
  const handled = total - events;
  const seconds = (at - startedAt) / 1000;
  // Processor time is that of all events, also where some are still on their way to be removed.
  const looked = (after.client.at - before.client.at) / 1000;
  return {
    seconds,
    calls: handled,
    errors,
    skipped: 0,
    callsPerSecond: handled / seconds,
    p50ms: null,
    p99ms: null,
    p999ms: null,
    maxMs: null,
    unanswered: count - handled,
    ...team.costs(before, after, handled / looked),
    perService: [handled],
  };
}
