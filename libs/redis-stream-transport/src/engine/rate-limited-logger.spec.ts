import { RateLimitedLogger } from './rate-limited-logger.js';

/** A logger with a clock of its own. */
function quiet(interval = 5000) {
  const lines: string[] = [];
  let now = 0;
  let timers: { at: number; task: () => void }[] = [];
  const write = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
  const after = (ms: number, task: () => void): (() => void) => {
    const timer = { at: now + ms, task };
    timers.push(timer);
    return () => (timers = timers.filter((other) => other !== timer));
  };
  const sink = { log: write('log'), warn: write('warn'), error: write('error') };
  const logger = new RateLimitedLogger(sink, () => now, interval, after);
  const pass = (ms: number): void => {
    now += ms;
    const due = timers.filter(({ at }) => at <= now);
    timers = timers.filter(({ at }) => at > now);
    for (const { task } of due) task();
  };
  return { logger, lines, pass, timers: () => timers.length };
}

test('"n more like this" is written although no other line of the kind follows', () => {
  const { logger, lines, pass } = quiet();
  for (let i = 1; i <= 5; i++) logger.warn('kind', `line ${i}`);
  expect(lines).toEqual(['warn line 1']);
  pass(4999);
  expect(lines).toHaveLength(1);
  pass(1);
  expect(lines).toEqual(['warn line 1', 'warn 4 more like this, the last: line 5']);
  pass(60_000);
  expect(lines).toHaveLength(2);
});

test('each kind and level has its own interval: a normal line hides no error', () => {
  const { logger, lines, pass } = quiet();
  for (const kind of ['a', 'b']) {
    logger.log(kind, kind);
    logger.error(kind, `no ${kind}`);
    logger.log(kind, `${kind} again`);
    pass(1000);
    logger.error(kind, `still no ${kind}`);
  }
  expect(lines).toEqual(['log a', 'error no a', 'log b', 'error no b']);
  pass(3000);
  expect(lines.slice(4)).toEqual([
    'error 1 more like this, the last: still no a',
    'log 1 more like this, the last: a again',
  ]);
  pass(1000);
  expect(lines.slice(6)).toEqual([
    'error 1 more like this, the last: still no b',
    'log 1 more like this, the last: b again',
  ]);
});

test('a line that repeats without end is written once per interval', () => {
  const { logger, lines, pass } = quiet();
  for (let i = 0; i < 20_000; i++) {
    logger.warn('kind', 'line');
    pass(1);
  }
  expect(lines.length).toBeLessThanOrEqual(5);
  const counts = lines.map((line) => Number(/(\d+) more/.exec(line)?.[1] ?? 1));
  logger.flush();
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(14_900);
});

test('a flush writes how many lines were left out, and no timer remains', () => {
  const { logger, lines, timers } = quiet();
  logger.warn('kind', 'line');
  expect(timers()).toBe(0);
  logger.warn('kind', 'line');
  expect(timers()).toBe(1);
  logger.flush();
  expect(timers()).toBe(0);
  expect(lines).toEqual(['warn line', 'warn 1 more like this, the last: line']);
  logger.flush();
  expect(lines).toHaveLength(2);
});

test('lines that are left out are not made', () => {
  const { logger, pass } = quiet();
  let made = 0;
  const line = (): string => `line ${++made}`;
  for (let i = 0; i < 1000; i++) logger.warn('kind', line);
  expect(made).toBe(1);
  pass(5000);
  expect(made).toBe(2);
});

test('kinds beyond the bound share one', () => {
  const { logger, lines, pass } = quiet();
  for (let i = 0; i < 5000; i++) logger.warn(`kind ${i}`, `line ${i}`);
  expect(lines).toHaveLength(1001);
  pass(5000);
  expect(lines.at(-1)).toBe('warn 3999 more like this, the last: line 4999');
  logger.warn('another', 'line');
  expect(lines.at(-1)).toBe('warn line');
});

test('its timer does not keep a process alive', () => {
  const unref = vi.spyOn(setTimeout(() => {}, 0).constructor.prototype as NodeJS.Timeout, 'unref');
  const sink = { log() {}, warn() {}, error() {} };
  const logger = new RateLimitedLogger(sink, () => 0);
  logger.warn('kind', 'line');
  logger.warn('kind', 'line');
  expect(unref).toHaveBeenCalledOnce();
  logger.flush();
  unref.mockRestore();
});
