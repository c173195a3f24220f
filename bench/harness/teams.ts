// All peers at once, and rounds in which they take turns.
import { Absent } from '../brokers/broker.js';
import { PEERS, type Peer } from '../peers/index.js';
import { Team, type TeamOptions } from './team.js';
import type { Spec } from '../loads/spec.js';
import type { Options } from '../options.js';
import type { Load } from '../report/cells.js';
import type { Results } from '../report/results.js';

/** Seconds of calls before anything is measured, so that code is compiled. */
const FIRST_WARMUP = 2;
/** In flight meanwhile, in all. */
const WARM_UP_CALLS = 64;

export async function startTeams(
  options: Options,
  results: Results,
  teamOptions: TeamOptions = {},
) {
  const teams: Team[] = [];
  for (const peer of options.peers) {
    const { title, balances = true } = PEERS[peer] as Peer;
    if ((teamOptions.services ?? 1) > 1 && !balances) {
      results.say(`${title} left out: one service only`);
      continue;
    }
    try {
      const team = await Team.start(peer, { cpuProf: options.cpuProf, ...teamOptions });
      teams.push(team);
      results.met(team);
    } catch (error) {
      if (!(error instanceof Absent)) {
        await stopTeams(teams);
        throw error;
      }
      results.sayOnce(`${title} left out: ${error.message}`);
    }
  }
  return teams;
}

export async function stopTeams(teams: readonly Team[]) {
  await Promise.all(teams.map((team) => team.stop()));
}

/** Calls before anything is measured, so that code is compiled and connections are up. */
export async function warmUp(
  team: Team,
  { pattern, payload, callers = 1 }: Pick<Load, 'pattern' | 'payload' | 'callers'>,
  seconds: number,
) {
  const concurrency = Math.ceil(WARM_UP_CALLS / callers);
  const spec: Spec = { load: 'closed', pattern, payload, concurrency };
  await team.measure(spec, { warmup: seconds, duration: 0.1 });
}

/**
 * Runs `measure` for each case and team, round after round. Within a case the teams follow each
 * other directly, each round beginning with another one.
 *
 * @param teamsOf those that take part in a case
 */
export async function inRounds<Case>(
  rounds: number,
  cases: readonly Case[],
  teamsOf: (one: Case) => readonly Team[],
  measure: (team: Team, one: Case, round: number) => Promise<void>,
) {
  for (let round = 1; round <= rounds; round++)
    for (const one of cases) {
      const teams = teamsOf(one);
      const first = (round - 1) % Math.max(1, teams.length);
      for (const team of [...teams.slice(first), ...teams.slice(0, first)])
        await measure(team, one, round);
    }
}

/** A mode that is nothing but calls of some kinds. */
export async function compareCalls(
  options: Options,
  results: Results,
  mode: string,
  cases: readonly (Spec & Pick<Load, 'callers'>)[],
  teamOptions: TeamOptions = {},
) {
  const teams = await startTeams(options, results, teamOptions);
  try {
    const warm = Math.min(FIRST_WARMUP, options.warmup * 2);
    for (const team of teams) for (const spec of cases.slice(0, 1)) await warmUp(team, spec, warm);
    const instances = teamOptions.services ?? 1;
    await inRounds(
      options.rounds,
      cases,
      () => teams,
      async (team, spec, round) => {
        const measured = await team.measure(spec, options);
        results.add({ mode, peer: team.peer, round, instances, ...spec, ...measured });
      },
    );
  } finally {
    await stopTeams(teams);
  }
}
