// npm run consumers: packs the library, and installs the tarball into fresh projects of the kinds that users have.
// Each compiles the same program against it, without `skipLibCheck`, and runs it against a real Redis.
//
//   npm run consumers -- --only nest-12-esm,nest-12-pnpm
//   npm run consumers -- --ci       those that `.ci/run` has
//   npm run consumers -- --keep     keeps what worked in docs/matrix.json, for the README
//
// Needs a build, and a registry of npm.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRedis } from '../tools/redis.js';
import { repository } from '../tools/repository.js';
import { Project } from './consumers/project.js';
import { CONSUMERS, type Consumer } from './consumers/projects.js';
import { keepConsumed, today } from './matrix/records.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    ci: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

function chosen(): readonly Consumer[] {
  if (values.ci) return CONSUMERS.filter(({ always }) => always);
  const names = values.only?.split(',');
  if (names === undefined) return CONSUMERS;
  const known = CONSUMERS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`no consumer ${unknown}; there are ${known.join(', ')}`);
  return CONSUMERS.filter(({ name }) => names.includes(name));
}

const shown = (versions: Readonly<Record<string, string>>): string =>
  Object.entries(versions)
    .map((each) => each.join(' '))
    .join(', ');

/** The tarball that users would get. */
function pack(folder: string): string {
  const workspace = 'libs/redis-stream-transport';
  const args = ['pack', '--silent', '--workspace', workspace, '--pack-destination', folder];
  const printed = execFileSync('npm', args, { cwd: repository, encoding: 'utf8' });
  return join(folder, printed.trim().split('\n').at(-1) as string);
}

const consumers = chosen();
// Not in the repository: what is missing in a project must not be found above it.
const folder = mkdtempSync(join(tmpdir(), 'nrs-consumers-'));
const redis = await startRedis();
try {
  const tarball = pack(folder);
  for (const consumer of consumers) {
    const began = performance.now();
    const project = new Project(consumer, join(folder, consumer.name), tarball, redis.url);
    const { works, problems } = await project.run();
    const seconds = Math.round((performance.now() - began) / 1000);
    if (works !== undefined)
      console.log(`${consumer.name}: ${shown(project.versions)}: ${works} (${seconds} s)`);
    if (works !== undefined && problems.length === 0 && values.keep)
      keepConsumed({ project: consumer.name, versions: project.versions, date: today() });
    for (const problem of problems) console.error(`${consumer.name}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    project.close();
  }
} finally {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}
