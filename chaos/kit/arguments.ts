// npm run chaos -- --scenario S2,S5 --seed 7 --size pr --json
import { parseArgs } from 'node:util';
import { randomSeed } from '../../tools/random.js';
import { sizes, type SizeName } from './size.js';

export const usage = `Usage: npm run chaos -- [options]
  --scenario S2,S5   what to run; by default every scenario there is
  --seed 7           draws the same calls and faults again; by default a random one
  --times 3          plays all of it so often, each time with the next seed or another random one
  --size pr          ${sizes.join(', ')}: a tenth, three tenths, all; by default pr
  --cluster          with one master of a Cluster in place of one server
  --json             the last line is an array with the figures of each scenario
  --keep             keep the histories of runs that found nothing, too
  --library <folder> another build of the library`;

/** What the command line asks for. */
export interface Arguments {
  /** Names of scenarios; undefined: all of them. */
  readonly scenarios: readonly string[] | undefined;
  readonly seeds: readonly number[];
  readonly size: SizeName;
  readonly cluster: boolean;
  readonly json: boolean;
  readonly keep: boolean;
  /** Folder of another build of the library. */
  readonly library: string | undefined;
  readonly help: boolean;
}

/** @param known names of scenarios */
export function readArguments(argv: readonly string[], known: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      scenario: { type: 'string' },
      seed: { type: 'string' },
      times: { type: 'string', default: '1' },
      size: { type: 'string', default: 'pr' },
      cluster: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      library: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { size, seed, times, cluster, json, keep, library, help } = values;
  if (!isSize(size)) throw new Error(`--size is one of ${sizes.join(', ')}, not "${size}"`);
  if (seed !== undefined && !/^\d+$/.test(seed)) throw new Error('--seed is a whole number');
  if (!/^[1-9]\d?$/.test(times)) throw new Error('--times is a whole number from 1 to 99');
  const first = seed === undefined ? undefined : Number(seed);
  const names = values.scenario?.split(',').map((name) => name.trim().toUpperCase());
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`there is no scenario ${unknown}; there are ${known.join(', ')}`);
  }
  return {
    scenarios: names,
    seeds: Array.from({ length: Number(times) }, (_, i) =>
      first === undefined ? randomSeed() : first + i,
    ),
    size,
    cluster,
    json,
    keep,
    library,
    help,
  };
}

const isSize = (name: string): name is SizeName => sizes.some((size) => size === name);
