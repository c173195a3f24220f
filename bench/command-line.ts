// The command line.
import { parseArgs } from 'node:util';
import { DEFAULT_PEERS, PEERS } from './peers/index.js';
import { MODES } from './modes/index.js';
import type { Options } from './options.js';

export const help = `npm run bench -- [options]

  --mode LIST          ${Object.keys(MODES).join(', ')} (default: closed)
  --aims [full]        what we want to reach, met or missed, in about five minutes; with full also how
                       Redis' work grows and how fast a killed instance's calls are answered
  --rows TEXT          with --aims: only rows with this text in their title; may be repeated
  --peers LIST         ${Object.keys(PEERS).join(', ')}
                       (default: ${DEFAULT_PEERS.join(',')})
  --concurrency LIST   calls in flight, closed loop (default: 1,16,128,1024)
  --callers LIST       callers, callers mode (default: 1,10,100)
  --each LIST          calls in flight of each, callers mode (default: 1)
  --rates LIST         calls per second, open loop (default: 1000,4000)
  --instances LIST     service processes, instances mode (default: 1,2,4)
  --growth LIST        backlog, pending, patterns, callers (default: all)
  --max N              the largest size of the growth runs (default: 1000000)
  --calls N            calls of the soak mode (default: 10000000)
  --events N           events per round, events mode (default: 60000)
  --lease-ttl MS       the service's leaseTtl, recovery mode (default: the library's)
  --rounds N           rounds; peers take turns within each (default: 3, with --aims 5)
  --duration S         seconds of a measurement (default: 3, with --aims 1)
  --warmup S           seconds before each measurement (default: 1, with --aims 0.25)
  --json FILE          every raw result, as JSON
  --cpu-prof FOLDER    a CPU profile of each service and client process
  --help`;

/** An option that takes a text; where it is left out, this one. */
const text = (byDefault: string) => ({ type: 'string', default: byDefault }) as const;
const optional = { type: 'string' } as const;

export function readOptions(args: string[]): Options {
  const { values, positionals } = parse(args);
  const aims = aimsOf(values.aims, positionals);
  const byDefault = aims === 'none' ? MODES_TAKE : AIMS_TAKE;
  return {
    aims,
    rows: values.rows,
    modes: names('mode', values.mode, Object.keys(MODES)),
    peers: names('peers', values.peers ?? DEFAULT_PEERS.join(','), Object.keys(PEERS)),
    peersGiven: values.peers !== undefined,
    concurrency: numbers('concurrency', values.concurrency),
    callers: numbers('callers', values.callers),
    each: numbers('each', values.each),
    rates: numbers('rates', values.rates),
    instances: numbers('instances', values.instances),
    growth: names('growth', values.growth, ['backlog', 'pending', 'patterns', 'callers']),
    max: number('max', values.max),
    calls: number('calls', values.calls),
    events: number('events', values.events),
    leaseTtl:
      values['lease-ttl'] === undefined ? undefined : number('lease-ttl', values['lease-ttl']),
    rounds: number('rounds', values.rounds ?? byDefault.rounds),
    duration: number('duration', values.duration ?? byDefault.duration),
    warmup: number('warmup', values.warmup ?? byDefault.warmup),
    json: values.json,
    cpuProf: values['cpu-prof'],
    help: values.help,
  };
}

/** Rounds, and seconds. Five rounds of all aims have to fit into about five minutes. */
const MODES_TAKE = { rounds: '3', duration: '3', warmup: '1' };
const AIMS_TAKE = { rounds: '5', duration: '1', warmup: '0.25' };

function aimsOf(wanted: boolean, positionals: string[]): Options['aims'] {
  const [first, ...more] = positionals;
  const full = wanted && first === 'full';
  if (more.length > 0 || (first !== undefined && !full))
    stop(`not understood: ${positionals.join(' ')}`);
  if (!wanted) return 'none';
  return full ? 'full' : 'ratios';
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        mode: text('closed'),
        aims: { type: 'boolean', default: false },
        rows: { type: 'string', multiple: true, default: [] },
        peers: optional,
        concurrency: text('1,16,128,1024'),
        callers: text('1,10,100'),
        each: text('1'),
        rates: text('1000,4000'),
        instances: text('1,2,4'),
        growth: text('backlog,pending,patterns,callers'),
        max: text('1000000'),
        calls: text('10000000'),
        events: text('60000'),
        'lease-ttl': optional,
        rounds: optional,
        duration: optional,
        warmup: optional,
        json: optional,
        'cpu-prof': optional,
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return stop((error as Error).message);
  }
}

const list = (value: string) => value.split(',').filter((item) => item !== '');

function names(option: string, value: string, known: string[]) {
  const unknown = list(value).filter((name) => !known.includes(name));
  if (unknown.length > 0) stop(`--${option}: unknown: ${unknown.join(', ')}`);
  return list(value);
}

function numbers(option: string, value: string) {
  return list(value).map((item) => number(option, item));
}

function number(option: string, value: string) {
  const result = Number(value);
  return result > 0 ? result : stop(`--${option}: not a number above 0: ${value}`);
}

function stop(message: string): never {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
}
