// What every process notes about itself: log lines, stalls of its event loop, unhandled errors, the state of
// its connections, and on demand what it holds.
import type { Logger as NestLogger, LoggerService } from '@nestjs/common';
import type { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { now } from '../kit/time.js';
import type { History } from '../kit/history.js';

/** Milliseconds between two looks at the clock. */
const LOOK = 20;
/** A look that is later than this is noted as a stall: for that long the process could do nothing. */
const STALL = 20;

/** @param Logger that the library uses */
export function witness(history: History, Logger: typeof NestLogger): void {
  logLines(history, Logger);
  stalls(history);
  const unhandled = (what: string) => (error: unknown) => {
    const text = String((error as Error | undefined)?.stack ?? error);
    history.write({ k: 'unhandled', what, text, t: now() });
  };
  process.on('unhandledRejection', unhandled('unhandledRejection'));
  process.on('uncaughtExceptionMonitor', unhandled('uncaughtExceptionMonitor'));
  // Noting a rejection must not hide it: without a listener Node would end the process.
  process.on('unhandledRejection', () => process.exit(70));
}

function logLines(history: History, Logger: typeof NestLogger): void {
  const write = (level: string) => (message: unknown) =>
    history.write({ k: 'log', level, text: String(message).slice(0, 500), t: now() });
  const levels = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'];
  const lines = Object.fromEntries(levels.map((level) => [level, write(level)]));
  Logger.overrideLogger(lines as unknown as LoggerService);
}

function stalls(history: History): void {
  let last = now();
  setInterval(() => {
    const t = now();
    if (t - last - LOOK > STALL) history.write({ k: 'stall', from: last + LOOK, t });
    last = t;
  }, LOOK).unref();
}

/** Notes the states of a client or a server and of its connections. */
export function witnessConnections(
  history: History,
  transport: ClientRedisStreams | ServerRedisStreams,
): void {
  transport.status.subscribe((value) => history.write({ k: 'status', value, t: now() }));
  for (const what of ['ready', 'close'] as const) {
    transport.on(what, (role: string) => history.write({ k: 'link', what, role, t: now() }));
  }
}

export interface Vitals {
  /** Bytes. */
  readonly heap: number;
  readonly rss: number;
  readonly sockets: number;
  readonly timers: number;
  /** Number of objects held, by name. */
  readonly maps: Readonly<Record<string, number>>;
  readonly t: number;
}

/** What the process holds. `maps` comes from its own client or server. */
export async function vitals(maps: () => Readonly<Record<string, number>>): Promise<Vitals> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const resources = process.getActiveResourcesInfo();
  const count = (name: string) => resources.filter((each) => each === name).length;
  const { heapUsed, rss } = process.memoryUsage();
  return {
    heap: heapUsed,
    rss,
    sockets: count('TCPSocketWrap'),
    timers: count('Timeout'),
    maps: maps(),
    t: now(),
  };
}
