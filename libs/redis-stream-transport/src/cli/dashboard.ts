import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Command } from 'commander';
import { Dashboard } from '../dashboard/index.js';
import { readServers } from '../operate/index.js';
import { described } from './described.js';
import { interrupted } from './interrupted.js';
import { OneTimeLink } from './one-time-link.js';
import type { Session } from './session.js';
import { portNumber } from './values.js';
import { placeOf, withWhere, type Where } from './where.js';

interface DashboardCommandOptions extends Where {
  readonly port: number;
  readonly write?: boolean;
  readonly hidePayloads?: boolean;
}

export function addDashboard(program: Command, session: Session): void {
  const command = described(program.command('dashboard'), {
    summary: 'serves the page on this machine, until it is interrupted',
    about: 'It prints a link that works once, for one browser.',
    examples: [
      ['dashboard', 'to look only'],
      ['dashboard --write', 'to replay and discard dead letters too'],
    ],
  });
  withWhere(command)
    .option('--port <number>', 'at this port; default: a free one', portNumber, 0)
    .option('--write', 'the page may change something')
    .option('--hide-payloads', 'the page shows no data')
    .action((options: DashboardCommandOptions) => serve(options, session));
}

async function serve(options: DashboardCommandOptions, { screen }: Session): Promise<void> {
  const { port, write, hidePayloads, json } = options;
  const place = placeOf(options, screen.terminal);
  // Said here rather than by the page, if it is not reached.
  await readServers(place);
  const dashboard = new Dashboard({
    ...{ ...place, route: '/', readOnly: write !== true, hidePayloads: hidePayloads === true },
    auth: (request) => link.knows(request),
  });
  const server = createServer((request, response) => {
    if (!link.receive(request, response)) dashboard.handle(request, response);
  });
  const link = new OneTimeLink(() => (server.address() as AddressInfo).port);
  // Nobody but this machine reaches it.
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  if (json === true) screen.json({ url: link.url });
  else {
    screen.line(link.url);
    screen.note('open this link; it works once. Ctrl+C ends it.');
  }
  await (screen.terminal.ended ?? interrupted());
  dashboard.close();
  await closed(server);
}

async function closed(server: Server): Promise<void> {
  const over = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await over;
}
