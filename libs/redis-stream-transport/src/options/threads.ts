import { bytes, count, duration, invalid, type Option, type OptionValues } from './option.js';
import { readParts } from './read-options.js';

/** The threads that a server has for handlers that compute (docs/threads.md). */
export interface ThreadOptions {
  /** How many threads there are at most. Default: one less than the processor has cores, and 1 at least. */
  readonly size?: number;
  /** How many computations may wait for a thread; one more fails with OVERLOADED. Default: 1000. */
  readonly queue?: number;
  /** The largest heap of a thread, in bytes; one that needs more ends, and costs its computation. Default: 512 MiB. */
  readonly memory?: number;
  /** After how many milliseconds without a computation a thread ends. Default: 30000. */
  readonly idleTimeout?: number;
  /** How many milliseconds a computation has to stop after its signal has fired; then its thread is ended. Default: 1000. */
  readonly grace?: number;
  /** How many milliseconds a computation may take before its signal fires, whatever its deadline. Default: none. */
  readonly timeout?: number;
  /** Options of `node` for threads, such as a loader. Default: those of the process. */
  readonly execArgv?: readonly string[];
}

/** Threads of a server, and of a handler. */
export const MAX_THREADS = 256;

const MOST_ARGUMENTS = 100;

const texts: Option<readonly string[], undefined> = {
  type: 'list of texts',
  bounds: `${MOST_ARGUMENTS} texts`,
  default: undefined,
  read(value, name, place) {
    const isList = Array.isArray(value) && value.length <= MOST_ARGUMENTS;
    if (isList && value.every((one) => typeof one === 'string')) {
      return Object.freeze([...(value as readonly string[])]);
    }
    throw invalid(place, name, `a list of ${MOST_ARGUMENTS} texts at most`, value);
  },
};

export const THREADS_TABLE = {
  size: count({ min: 1, max: MAX_THREADS }),
  queue: count({ default: 1000, min: 0, max: 1_000_000 }),
  memory: bytes({ default: 536_870_912, min: 16_777_216, max: 1_099_511_627_776 }),
  idleTimeout: duration({ default: 30_000, min: 0, max: 86_400_000 }),
  grace: duration({ default: 1000, min: 0, max: 60_000 }),
  timeout: duration({ min: 1, max: 86_400_000 }),
  execArgv: texts,
} as const satisfies Record<keyof ThreadOptions, Option>;

export type ResolvedThreads = OptionValues<typeof THREADS_TABLE>;

const DEFAULTS: ResolvedThreads = Object.freeze({
  size: undefined,
  queue: THREADS_TABLE.queue.default,
  memory: THREADS_TABLE.memory.default,
  idleTimeout: THREADS_TABLE.idleTimeout.default,
  grace: THREADS_TABLE.grace.default,
  timeout: undefined,
  execArgv: undefined,
});

/** The option `threads` of a server. */
export const threads: Option<ResolvedThreads, ResolvedThreads> = {
  type: '`{ size?, … }`',
  default: DEFAULTS,
  read: (value, name, place) =>
    Object.freeze({ ...DEFAULTS, ...readParts(THREADS_TABLE, value, name, place) }),
};

/** The extra `threads` of a handler: as many as the server has, or so many at most. */
export const handlerThreads: Option<true | number, undefined> = {
  type: '`true`, or whole number',
  bounds: `1 – ${MAX_THREADS}`,
  default: undefined,
  read(value, name, place) {
    if (value === true) return value;
    const isCount = Number.isInteger(value) && (value as number) >= 1;
    if (isCount && (value as number) <= MAX_THREADS) return value as number;
    throw invalid(place, name, `true, or a whole number from 1 to ${MAX_THREADS}`, value);
  },
};
