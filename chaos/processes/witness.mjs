// What every process notes about itself: log lines, stalls of its event loop, errors that nobody handled,
// the state of its connections, and on demand what it holds.
import { now } from '../kit/time.mjs';

/** Milliseconds between two looks at the clock. */
const LOOK = 20;
/** A look that is later than this is noted: for that long the process could do nothing. */
const STALL = 20;

/**
 * @param {import('../kit/history.mjs').History} history
 * @param {typeof import('@nestjs/common').Logger} Logger that the library uses
 */
export function witness(history, Logger) {
  logLines(history, Logger);
  stalls(history);
  for (const what of ['unhandledRejection', 'uncaughtExceptionMonitor']) {
    process.on(what, (error) =>
      history.write({ k: 'unhandled', what, text: String(error?.stack ?? error), t: now() }),
    );
  }
  // Noting a rejection must not hide it: without a listener Node would end the process.
  process.on('unhandledRejection', () => process.exit(70));
}

function logLines(history, Logger) {
  const write = (level) => (message) =>
    history.write({ k: 'log', level, text: String(message).slice(0, 500), t: now() });
  const levels = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'];
  Logger.overrideLogger(Object.fromEntries(levels.map((level) => [level, write(level)])));
}

function stalls(history) {
  let last = now();
  setInterval(() => {
    const t = now();
    if (t - last - LOOK > STALL) history.write({ k: 'stall', from: last + LOOK, t });
    last = t;
  }, LOOK).unref();
}

/** Notes the states of a client or a server and of its connections. */
export function witnessConnections(history, transport) {
  transport.status.subscribe((value) => history.write({ k: 'status', value, t: now() }));
  for (const what of ['ready', 'close']) {
    transport.on(what, (role) => history.write({ k: 'link', what, role, t: now() }));
  }
}

/** What the process holds; `maps` is what only its own transport can tell. */
export async function vitals(maps) {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const resources = process.getActiveResourcesInfo();
  const count = (name) => resources.filter((each) => each === name).length;
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
