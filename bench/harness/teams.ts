// All peers at once, and rounds in which they take turns.
import { Absent } from '../brokers/broker.js';
import { PEERS, type Peer } from '../peers/index.js';
import { Team, type TeamOptions, type Spec } from './team.js';
import type { Options } from '../options.js';
import type { Results } from '../report/results.js';

/** Seconds of calls before anything is measured, so that code is compiled. */
const FIRST_WARMUP = 2;

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
      results.say(`${title} left out: ${error.message}`);
    }
  }
  return teams;
}

export async function stopTeams(teams: readonly Team[]) {
  await Promise.all(teams.map((team) => team.stop()));
}

/**
 * Runs `measure` for each case and team, round after round. Within a case the teams follow each
 * other directly, each round beginning with another one.
 */
export async function inRounds<Case>(
  rounds: number,
  teams: readonly Team[],
  cases: readonly Case[],
  measure: (team: Team, one: Case, round: number) => Promise<void>,
) {
  for (let round = 1; round <= rounds; round++)
    for (const one of cases) {
      const first = (round - 1) % teams.length;
      for (const team of [...teams.slice(first), ...teams.slice(0, first)])
        await measure(team, one, round);
    }
}

/** A mode that is nothing but calls of some kinds. */
export async function compareCalls(
  options: Options,
  results: Results,
  mode: string,
  cases: readonly Spec[],
  teamOptions: TeamOptions = {},
) {
  const teams = await startTeams(options, results, teamOptions);
  try {
    const warm = Math.min(FIRST_WARMUP, options.warmup * 2);
    for (const team of teams)
      for (const { pattern, payload } of cases.slice(0, 1))
        await team.measure(
          { load: 'closed', pattern, payload, concurrency: 64 },
          { warmup: warm, duration: 0.1 },
        );
    const instances = teamOptions.services ?? 1;
    await inRounds(options.rounds, teams, cases, async (team, spec, round) => {
      const measured = await team.measure(spec, options);
      results.add({ mode, peer: team.peer, round, instances, ...spec, ...measured });
    });
  } finally {
    await stopTeams(teams);
  }
}
