/** What the command line of `npm run bench` says. */
export interface Options {
  modes: string[];
  /** What we want to reach, instead of modes. */
  aims: 'none' | 'ratios' | 'full';
  /** Texts in the titles of the aims that are measured; none: all of them. */
  rows: string[];
  peers: string[];
  peersGiven: boolean;
  concurrency: number[];
  callers: number[];
  each: number[];
  rates: number[];
  instances: number[];
  growth: string[];
  max: number;
  calls: number;
  events: number;
  leaseTtl: number | undefined;
  rounds: number;
  /** seconds */
  duration: number;
  /** seconds */
  warmup: number;
  json: string | undefined;
  cpuProf: string | undefined;
  help: boolean;
}
