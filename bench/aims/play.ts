// Plays what the aims ask for: peers in turn within each round, and then figures of our own.
import { growth } from '../modes/growth.js';
import { recovery } from '../modes/recovery.js';
import { burst } from '../modes/events.js';
import { inRounds, startTeams, stopTeams, warmUp } from '../harness/teams.js';
import type { Team } from '../harness/team.js';
import type { Options } from '../options.js';
import { keyText, type Load } from '../report/cells.js';
import type { Results } from '../report/results.js';
import { AIMS, BOUNDS, type Figure } from './aims.js';
import { chosen, partsOf, type Part } from './parts.js';

/**
 * Seconds of calls before the first round, and as many times that for who has so many times fewer loads to play: what compares
 * ours with ours would compare how warm they are otherwise.
 */
const FIRST_WARM_UP = 1;
/** Events of a round: more would take BullMQ many seconds. */
const EVENTS = 30_000;
/** Seconds of a figure of our own, at least: a thousand patterns take their time to be warm. */
const SHORTEST = 3;

/** The table of ratios. */
export async function playRatios(options: Options, results: Results): Promise<void> {
  const { peers, peersGiven, rows } = options;
  const takesPart = (peer: string) =>
    !peersGiven || peer.startsWith('ours') || peers.includes(peer);
  for (const part of partsOf(chosen(AIMS, rows), takesPart)) await playPart(part, options, results);
}

async function playPart(part: Part, options: Options, results: Results): Promise<void> {
  const { instances, callers, cases } = part;
  const [first] = cases;
  if (first === undefined) return;
  const teams = await startTeams({ ...options, peers: [...part.peers] }, results, {
    services: instances,
    pattern: instances > 1 ? 'io' : 'echo',
    ...(callers === undefined ? {} : { settings: { callers } }),
  });
  try {
    const calls = cases.find(({ load }) => load.load === 'closed')?.load;
    const loadsOf = ({ peer }: Team): number =>
      cases.filter(({ peers }) => peers.includes(peer)).length;
    const most = Math.max(...teams.map(loadsOf));
    for (const team of teams) {
      const seconds = FIRST_WARM_UP * (most / loadsOf(team));
      if (calls !== undefined) await warmUp(team, calls, seconds);
      if (takesPart(cases, team, 'events')) await burst(team, EVENTS / 4);
    }
    await inRounds(
      options.rounds,
      cases,
      ({ peers }) => teams.filter(({ peer }) => peers.includes(peer)),
      async (team, { load }, round) => {
        const measured = await measure(team, load, options);
        results.add({ ...load, peer: team.peer, round, ...measured });
      },
    );
  } finally {
    await stopTeams(teams);
  }
}

const takesPart = (cases: Part['cases'], { peer }: Team, load: Load['load']) =>
  cases.some((one) => one.load.load === load && one.peers.includes(peer));

function measure(team: Team, load: Load, options: Options) {
  const kind = load.load;
  return kind === 'events' ? burst(team, EVENTS) : team.measure({ ...load, load: kind }, options);
}

/** The table of our own figures: each once a round, so that what is divided is of the same round. */
export async function playBounds(options: Options, results: Results): Promise<void> {
  const figures: Map<string, Figure> = new Map();
  for (const { fact, over } of chosen(BOUNDS, options.rows))
    for (const figure of over === undefined ? [fact] : [over, fact])
      figures.set(`${figure.mode} ${keyText(figure.key)}`, figure);
  const longer = {
    ...options,
    duration: Math.max(SHORTEST, options.duration),
    warmup: Math.max(SHORTEST / 3, options.warmup),
  };
  for (let round = 1; round <= options.rounds; round++)
    for (const { mode, key } of figures.values()) {
      const size = Number(key.size ?? 0);
      if (size > options.max) {
        results.sayOnce(`${mode}  ${keyText(key)}: left out, more than --max`);
        continue;
      }
      const values =
        mode === 'growth' ? await growth(key, longer) : await recovery({}, options.cpuProf);
      results.fact(mode, { ...key, round }, values);
    }
}
