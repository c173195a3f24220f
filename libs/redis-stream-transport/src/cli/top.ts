import { Option, type Command } from 'commander';
import { readOverview, type Overview } from '../operate/index.js';
import { described } from './described.js';
import { isPaused, pausedIn, pausedLines } from './paused-lines.js';
import { Failure } from './failure.js';
import type { Screen } from './screen.js';
import type { Session } from './session.js';
import { ago, duration } from './values.js';
import { placeOf, withWhere, type Where } from './where.js';

interface TopOptions extends Where {
  readonly once?: boolean;
  readonly service?: string;
  readonly sort: 'oldest' | 'unread' | 'pending' | 'name';
  readonly limit: number;
}

const SORTS = ['oldest', 'unread', 'pending', 'name'];

const STREAMS = [
  { name: 'pattern', cut: true },
  { name: 'service', cut: true },
  { name: 'unread', right: true },
  { name: 'pending', right: true },
  { name: 'retries', right: true },
  { name: 'oldest', right: true },
  { name: 'inst.', right: true },
];
const SERVICES = [
  { name: 'service', cut: true },
  { name: 'dead', right: true },
  { name: 'instance', cut: true },
  { name: 'lease', right: true },
];
const CALLERS = [
  { name: 'caller', cut: true },
  { name: 'process', cut: true },
  { name: 'connections', right: true },
];

export function addTop(program: Command, session: Session): void {
  const command = described(program.command('top'), {
    summary: 'what waits, by pattern and service; dead letters, instances, callers',
    about: 'It shows what Redis knows now.',
    examples: [
      ['top --once', 'once'],
      ['top --once --service orders --sort unread', 'one service, the longest backlog first'],
    ],
  });
  withWhere(command)
    .option('--once', 'shows it once')
    .option('--service <group>', 'of this service')
    .addOption(new Option('--sort <column>', 'the most first').choices(SORTS).default('oldest'))
    .option('--limit <duration>', 'how long it searches for keys at most', duration, 10_000)
    .action(async (options: TopOptions) => {
      const { screen } = session;
      if (options.once !== true) throw new Failure('say --once: it does not refresh itself yet', 2);
      const overview = await readOverview(placeOf(options, screen.terminal), options.limit);
      if (options.json === true) screen.json(overview);
      else print(overview, options, screen);
      if (!overview.complete) screen.note('time was up before all keys were found (--limit)');
    });
}

function print(overview: Overview, options: TopOptions, screen: Screen): void {
  const { servers, services, callers, backlog } = overview;
  const isMeant = (group: string): boolean =>
    options.service === undefined || group.replace(/\{.*$/s, '') === options.service;
  for (const { version, port, usedMemory, maxMemory, clients, maxClients } of servers) {
    const memory = `${size(usedMemory)}${maxMemory ? ` of ${size(maxMemory)}` : ''}`;
    const connections = `${clients ?? '?'} of ${maxClients ?? '?'} connections`;
    screen.line(`${version} on port ${port ?? '?'}: ${memory}, ${connections}`);
  }
  const rows = rowsOf(overview, options).filter(({ group }) => isMeant(group));
  screen.line();
  if (rows.length > 0) screen.table(STREAMS, rows.map(cellsOf));
  else screen.line('no streams');
  screen.line();
  const instances = services
    .filter(({ service }) => isMeant(service))
    .flatMap(({ service, instances: own }) => {
      const dead = String(backlog.deadLetters[service] ?? 0);
      if (own.length === 0) return [[service, dead, '(none)', '']];
      return own.map(({ name, leaseFor }) => [service, dead, name, ago(leaseFor)]);
    });
  if (instances.length > 0) screen.table(SERVICES, instances);
  screen.line();
  const held = services.filter((one) => isMeant(one.service) && isPaused(one));
  if (held.length > 0) {
    for (const line of pausedLines(pausedIn(held))) screen.line(line, 'yellow');
    screen.line();
  }
  if (callers === undefined) screen.line(`callers: ${backlog.callers} (Redis does not say which)`);
  else if (callers.length === 0) screen.line('no callers are connected');
  else
    screen.table(
      CALLERS,
      callers.map((one) => [one.application, one.process, String(one.connections)]),
    );
}

interface Row {
  readonly stream: string;
  readonly group: string;
  readonly unread: number;
  readonly pending: number;
  readonly retries: number;
  readonly oldest: number | undefined;
  readonly instances: number;
}

function rowsOf({ backlog }: Overview, { sort }: TopOptions): Row[] {
  const rows = backlog.streams.flatMap(({ stream, length, groups }): Row[] => {
    if (groups.length === 0) {
      const none = { pending: 0, retries: 0, oldest: undefined, instances: 0 };
      return [{ stream, group: '(nobody)', unread: length, ...none }];
    }
    return groups.map(({ group, unread, pending, running, retries, instances, oldestFor }) => ({
      ...{ stream, group, unread, pending: pending + running, retries, instances },
      oldest: oldestFor,
    }));
  });
  if (sort === 'name') return rows;
  const of = (row: Row): number => (sort === 'oldest' ? (row.oldest ?? -1) : row[sort]);
  return rows.toSorted((one, other) => of(other) - of(one));
}

function cellsOf({ stream, group, oldest, ...counts }: Row): string[] {
  const { unread, pending, retries, instances } = counts;
  const numbers = [unread, pending, retries].map(String);
  return [stream, group, ...numbers, ago(oldest), String(instances)];
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return '?';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let unit = 0;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}
