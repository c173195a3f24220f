import type { Command } from 'commander';
import { readServices, type InstanceFacts, type LiveService } from '../operate/index.js';
import { Failure } from './failure.js';
import { described } from './described.js';
import { isPaused, pausedIn, pausedLines } from './paused-lines.js';
import type { Screen } from './screen.js';
import type { Session } from './session.js';
import { tellUnlooked, timeLimitOf, TIME_UP_EXIT, withTimeout, type Timed } from './time-up.js';
import { ago, counted, when } from './values.js';
import { placeOf, withWhere, type Where } from './where.js';

interface ServicesOptions extends Where, Timed {}

export function addServices(program: Command, session: Session): void {
  const command = described(program.command('services'), {
    summary: 'lists services: instances, what they answer, what they hear',
    examples: [
      ['services', 'which are there?'],
      ['services orders', 'the instances and patterns of one'],
    ],
    exits: `0: it worked; 1: the service is not known, or it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command))
    .argument('[service]', 'shows this one in full')
    .action((service: string | undefined, options: ServicesOptions) =>
      list(service, options, session),
    );
}

async function list(
  wanted: string | undefined,
  options: ServicesOptions,
  session: Session,
): Promise<void> {
  const { screen } = session;
  const limit = timeLimitOf(options);
  const all = await readServices(placeOf(options, screen.terminal), limit);
  const services = all.filter(({ service }) => wanted === undefined || service === wanted);
  tellUnlooked(limit, session);
  if (wanted !== undefined && services.length === 0) throw unknownService(wanted, all);
  if (options.json === true) screen.json(wanted === undefined ? services : services[0]);
  else if (services.length === 0) screen.line('no services');
  else if (wanted === undefined) printAll(services, screen);
  else for (const service of services) printOne(service, screen);
}

/** Whoever asks for a service that is not there may have misspelt it. */
export function unknownService(wanted: string, all: readonly LiveService[]): Failure {
  const names = all.map(({ service }) => service);
  const known =
    names.length === 0 ? 'no service is' : `these are: ${names.slice(0, 20).join(', ')}`;
  return new Failure(`no service ${wanted} is known; ${known}`);
}

function printAll(services: readonly LiveService[], screen: Screen): void {
  const columns = [
    { name: 'service', cut: true },
    { name: 'instances', right: true },
    { name: 'answers', cut: true },
    { name: 'hears', cut: true },
  ];
  const rows = services.map(({ service, instances, answers, hears }) => [
    service,
    countOf(instances),
    answers.map(({ pattern }) => pattern).join(' ') || '-',
    hears.join(' ') || '-',
  ]);
  screen.table(columns, rows);
  if (services.some(isPaused))
    for (const line of pausedLines(pausedIn(services))) screen.line(line, 'yellow');
}

/** How many live, and how many of these give no sign of life but a lease that has not ended yet. */
function countOf(instances: LiveService['instances']): string {
  const silent = instances.filter(({ listens }) => listens === false).length;
  return silent === 0 ? String(instances.length) : `${instances.length} (${silent} silent)`;
}

function printOne(one: LiveService, screen: Screen): void {
  const { service, instances, answers, hears } = one;
  screen.line(`service ${service}`, 'bold');
  if (instances.length === 0) screen.line('no instance lives');
  for (const { name, leaseFor, listens, facts } of instances) {
    const lease = `its lease holds for ${ago(leaseFor)}`;
    if (listens !== false) screen.line(`instance ${name}: ${lease}`);
    else {
      // Who is killed counts until then, unless others notice before that its connections are gone.
      const text = `hears no messages now; if it was killed, its lease ends in ${ago(leaseFor)}`;
      screen.line(`instance ${name}: ${text}`, 'yellow');
    }
    screen.line(`         ${facts === undefined ? 'says nothing about itself' : said(facts)}`);
  }
  if (isPaused(one)) for (const line of pausedLines(pausedIn([one]))) screen.line(line, 'yellow');
  for (const { pattern, instances: count, once } of answers) {
    screen.line(
      `answers  ${pattern}: ${counted(count, 'instance')}${once ? ', at most once' : ''}`,
    );
  }
  for (const stream of hears) screen.line(`hears    ${stream}`);
}

function said({
  library,
  protocol,
  node,
  startedAt,
  concurrency,
  leaseTtl,
}: InstanceFacts): string {
  const started = startedAt === undefined ? '' : `, started ${when(startedAt)}`;
  const runtime = /^\d/.test(node) ? `Node ${node}` : node;
  const options = `concurrency ${concurrency ?? '?'}, leaseTtl ${ago(leaseTtl)}`;
  return `version ${library} (protocol ${protocol ?? '?'}), ${runtime}${started}; ${options}`;
}
