import type { Command } from 'commander';
import { Discovery, type ServiceStats } from '../contracts/discovery/discovery.js';
import { withClient } from './caller.js';
import { described } from './described.js';
import { Failure } from './failure.js';
import type { Screen } from './screen.js';
import type { Session } from './session.js';
import { withWhere, type Where } from './where.js';

const COLUMNS = [
  { name: 'contract', cut: true },
  { name: 'method', cut: true },
  { name: 'calls', right: true },
  { name: 'errors', right: true },
  { name: 'open', right: true },
  { name: 'p50 ms', right: true },
  { name: 'p99 ms', right: true },
];

export function addStats(program: Command, session: Session): void {
  const command = described(program.command('stats'), {
    summary: 'what the methods of contracts have done since their instances were started',
    about: 'Services without a contract count nothing in Redis: top says what waits for them.',
    examples: [
      ['stats', 'of all contracts'],
      ['stats media.files --json', 'of one, each instance by itself'],
    ],
    exits: '0: it worked; 1: no live instance announces the contract, or it failed',
  });
  withWhere(command)
    .argument('[contract]', 'only this one')
    .action((contract: string | undefined, options: Where) => stats(contract, options, session));
}

async function stats(
  wanted: string | undefined,
  options: Where,
  { screen }: Session,
): Promise<void> {
  const all = await withClient(options, screen, async (client) => {
    const discovery = new Discovery(client);
    const names = await discovery.names();
    if (wanted !== undefined && !names.includes(wanted)) {
      const there = names.length === 0 ? 'none is' : `these are: ${names.slice(0, 20).join(', ')}`;
      throw new Failure(`no live instance announces a contract ${wanted}; ${there}`);
    }
    const found: ServiceStats[] = [];
    for (const name of names) {
      if (wanted === undefined || name === wanted) found.push(await discovery.stats(name));
    }
    return found;
  });
  if (options.json === true) screen.json(wanted === undefined ? all : all[0]);
  else if (all.length === 0) screen.line('no contracts are served');
  else print(all, screen);
}

function print(all: readonly ServiceStats[], screen: Screen): void {
  const rows: string[][] = [];
  for (const { name, methods, ...sums } of all) {
    for (const [method, one] of [['(all)', sums] as const, ...Object.entries(methods)]) {
      const counts = [one.calls, one.errors, one.inFlight].map(String);
      rows.push([name, method, ...counts, shown(one.p50), shown(one.p99)]);
    }
  }
  screen.table(COLUMNS, rows);
}

const shown = (ms: number | undefined): string => (ms === undefined ? '-' : ms.toPrecision(2));
