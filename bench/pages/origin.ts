// Where figures come from, as the pages say it.
import type { Measured, Run } from '../report/read.js';

/** What the figures depend on: `npm run measured` says whether it has changed since. */
const PATHS = [
  ...['engine', 'redis', 'nest', 'protocol'].map(
    (room) => `libs/redis-stream-transport/src/${room}`,
  ),
  ...['aims/aims.ts', 'brokers', 'harness', 'loads', 'modes', 'peers'].map(
    (part) => `bench/${part}`,
  ),
].join(' ');

export const mark = (commit: string): string => `<!-- measured at ${commit}; of ${PATHS} -->`;

/** Names of versions that readers look for. */
const LIBRARIES: Readonly<Record<string, string>> = {
  node: 'Node',
  '@nestjs/core': 'Nest',
  ioredis: 'ioredis',
  'bullmq (peers)': 'BullMQ',
};

/** When, on what, and how often; a sentence for each run. */
export function origin({
  runs,
  versions,
}: Pick<Measured, 'versions'> & { runs: readonly Run[] }): string {
  const brokers = new Set(
    Object.values(versions).filter((version) => /^[A-Za-z]+ \d/.test(version)),
  );
  const libraries = Object.entries(LIBRARIES)
    .filter(([name]) => versions[name] !== undefined)
    .map(([name, title]) => `${title} ${versions[name]}`);
  const taken = runs.map(
    ({ date, machine, options }) =>
      `Measured on ${date.slice(0, 10)} on ${machine.cores} cores (load before: ` +
      `${machine.loadBefore.toFixed(1)}), ${options.rounds} round${options.rounds === 1 ? '' : 's'} of ${options.duration} s.`,
  );
  return [...taken, `With ${[...brokers, ...libraries].join(', ')}.`].join(' ');
}
