import { setTimeout as pause } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { withPlace, type Place } from '../../operate/place.js';
import { described } from '../described.js';
import { Failure } from '../failure.js';
import { interrupted } from '../interrupted.js';
import type { Session } from '../session.js';
import { tellUnlooked, TIME_UP_EXIT, withTimeout, type Timed } from '../time-up.js';
import { boundedDuration } from '../values.js';
import { placeOf, withWhere, type Where } from '../where.js';
import { Live } from './live.js';
import { instanceRows, patternRows } from './rows.js';
import { noticeLines, sectionLines, serverLines, type Line, type Looks } from './sections.js';
import { SORT_NAMES, View, type Sort } from './view.js';
import { Watch } from './watch.js';

interface TopOptions extends Where, Timed {
  readonly once?: boolean;
  readonly service?: string;
  readonly filter?: string;
  readonly sort: Sort;
  readonly interval?: number;
}

/** Milliseconds from look to look. */
const INTERVAL = 2000;

export function addTop(program: Command, session: Session): void {
  const command = described(program.command('top'), {
    summary: 'what waits, by pattern and service, and how it is handled; instances, callers',
    about:
      'It looks again and again, on the whole screen: ? lists the keys. What Redis knows it reads there; how long handlers ' +
      'run and how many fail it asks the instances.',
    examples: [
      ['top', 'until q is pressed'],
      ['top --once --service orders --sort unread', 'one service, the longest backlog first'],
      ['top --once --interval 10s', 'once, with rates and times of the next ten seconds'],
      ['top --json --interval 1m', 'a line of JSON each minute'],
    ],
    exits: `0: it worked; 1: it failed; with --once ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command), '10s')
    .option('--once', 'shows it once')
    .option(
      '--interval <duration>',
      'from look to look, 1s to 1h; default: 2s. With --once: looks twice',
      boundedDuration(1000, 3_600_000),
    )
    .option('--service <group>', 'of this service')
    .option('--filter <text>', 'only names with this text')
    .addOption(
      new Option('--sort <column>', 'the most first').choices(SORT_NAMES).default('oldest'),
    )
    .action((options: TopOptions) =>
      withPlace(placeOf(options, session.screen.terminal), (place) => top(place, options, session)),
    );
}

async function top(place: Place, options: TopOptions, session: Session): Promise<void> {
  const { screen } = session;
  const { sort, filter, service, interval } = options;
  const view = new View({ sort, filter }, service);
  const watch = new Watch(place, options.timeout);
  if (options.once === true) {
    await once(watch, view, options, session);
    return;
  }
  if (options.json === true) {
    await follow(watch, view, interval ?? INTERVAL, session);
    return;
  }
  const take = screen.terminal.wholeScreen;
  if (take === undefined) {
    throw new Failure('there is no terminal: say --once, or --json for a line with each look', 2);
  }
  await new Live({ watch, view, interval: interval ?? INTERVAL, screen, take }).run();
}

async function once(
  watch: Watch,
  view: View,
  { interval, json }: TopOptions,
  session: Session,
): Promise<void> {
  const { screen } = session;
  const looks = await looksOf(watch, interval);
  if (json === true) screen.json(documentOf(looks, view));
  else {
    const { now } = looks;
    const notices = noticeLines(now, view);
    const head = [...serverLines(now), ...(notices.length > 0 ? [{ text: '' }, ...notices] : [])];
    const lines: Line[] = [...head, { text: '' }, ...sectionLines(looks, view, screen.width)];
    for (const { text, colour } of lines) screen.line(text, colour);
  }
  tellUnlooked(looks.now.limit, session);
}

async function looksOf(watch: Watch, interval: number | undefined): Promise<Looks> {
  if (interval === undefined) return { now: await watch.look() };
  const [before, now] = await watch.lookTwice(interval);
  return { now, before, since: before };
}

/** Writes a line of JSON with each look, until it is interrupted or nobody reads it. */
async function follow(
  watch: Watch,
  view: View,
  interval: number,
  { screen }: Session,
): Promise<void> {
  let looks: Looks = { now: await watch.look() };
  const over = (screen.terminal.ended ?? interrupted()).then(() => 'over' as const);
  for (;;) {
    screen.jsonLine(documentOf(looks, view));
    if ((await Promise.race([over, pause(interval)])) === 'over') return;
    const before = looks.now;
    looks = { now: await watch.look(), before, since: before };
  }
}

function documentOf(looks: Looks, view: View) {
  const { now, before, since } = looks;
  const { overview, statistics, limit, wallTime } = now;
  return {
    at: wallTime,
    patterns: view.rowsOf(patternRows(now, before, since)),
    instances: instanceRows(now),
    silent: statistics.silent,
    unlooked: limit.unlooked,
    ...overview,
  };
}
