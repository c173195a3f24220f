import type { Command } from 'commander';
import { Discovery, type PingAnswer } from '../contracts/discovery/discovery.js';
import { readServers, readServices, type LiveService, type TimeLimit } from '../operate/index.js';
import { withClient } from './caller.js';
import { described } from './described.js';
import type { Screen } from './screen.js';
import { unknownService } from './services.js';
import type { Session } from './session.js';
import {
  tellUnlooked,
  timeLimitOf,
  TIME_UP_EXIT,
  withinLimit,
  withTimeout,
  type Timed,
} from './time-up.js';
import { ago } from './values.js';
import { placeOf, servedPlaceOf, withWhere, type Where } from './where.js';

interface PingOptions extends Where, Timed {}

export function addPing(program: Command, session: Session): void {
  const command = described(program.command('ping'), {
    summary: 'asks Redis and the instances of services for a sign of life',
    about:
      'Instances that serve a contract answer through Redis. Others cannot be asked without calling one of their ' +
      'patterns: of these it says whether they renew their leases and listen.',
    examples: [
      ['ping', 'Redis, and all services'],
      ['ping orders', 'a service, by its group or its contract'],
      ['ping --timeout 2s', 'for a probe that must not wait for long'],
    ],
    exits: `0: all have given one; 1: some have not, or it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command), '10s')
    .argument('[service]', 'only this one')
    .action((service: string | undefined, options: PingOptions) => ping(service, options, session));
}

async function ping(
  wanted: string | undefined,
  options: PingOptions,
  session: Session,
): Promise<void> {
  const { screen } = session;
  const limit = timeLimitOf(options);
  const look = lookAt(wanted, options, screen, limit);
  const { servers, services, contracts } = await withinLimit(limit, look);
  const groups = services.filter(({ service }) => wanted === undefined || wanted === service);
  if (wanted !== undefined && groups.length + contracts.length === 0) {
    throw unknownService(wanted, services);
  }
  const silent =
    groups.some(isSilent) ||
    contracts.some(({ instances }) => instances.some((one) => one.milliseconds === undefined));
  session.exitCode = silent ? 1 : 0;
  tellUnlooked(limit, session);
  if (options.json === true) {
    screen.json({ servers, contracts, services: groups });
    return;
  }
  for (const { version, port, roundTrip } of servers) {
    screen.line(`${version} on port ${port ?? '?'} answered in ${roundTrip} ms`);
  }
  for (const { name, instances } of contracts) printContract(name, instances, screen);
  for (const service of groups) printGroup(service, screen);
}

/** A service without instances is not silent: it is not there, which is no surprise to whoever stopped it. */
const isSilent = ({ instances }: LiveService): boolean =>
  instances.some(({ listens }) => listens === false);

async function lookAt(
  wanted: string | undefined,
  options: Where,
  screen: Screen,
  limit: TimeLimit,
) {
  const servers = await readServers(await servedPlaceOf(options, screen.terminal));
  const services = await readServices(placeOf(options, screen.terminal), limit);
  const contracts = await contractsOf(wanted, options, screen, limit);
  return { servers, services, contracts };
}

/** Asks contract by contract: of each it waits for the slowest instance. */
function contractsOf(wanted: string | undefined, options: Where, screen: Screen, limit: TimeLimit) {
  return withClient(options, screen, async (client) => {
    const discovery = new Discovery(client);
    const names = (await discovery.names()).filter(
      (name) => wanted === undefined || name === wanted,
    );
    const answers: { name: string; instances: PingAnswer[] }[] = [];
    for (const name of names) {
      if (limit.isOver) break;
      answers.push({ name, instances: await discovery.ping(name) });
    }
    limit.note('contracts', answers.length, names.length);
    return answers;
  });
}

function printContract(name: string, instances: readonly PingAnswer[], screen: Screen): void {
  for (const { id, version, milliseconds } of instances) {
    const answer = milliseconds === undefined ? 'no answer' : `answered in ${milliseconds} ms`;
    screen.line(`contract ${name} ${version ?? ''} at ${id}: ${answer}`);
  }
}

function printGroup({ service, instances }: LiveService, screen: Screen): void {
  if (instances.length === 0) screen.line(`service ${service}: no instance lives`);
  for (const { name, leaseFor, listens } of instances) {
    const said = listens === undefined ? '' : listens ? ', listens' : ', does not listen';
    screen.line(`service ${service} at ${name}: lease holds for ${ago(leaseFor)}${said}`);
  }
}
