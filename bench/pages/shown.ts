// What docs/performance.md shows of all that was measured: these peers, and these loads in its picture.
import { AIMS, type Aim } from '../aims/aims.js';

/** Names that readers know, in the order of bars and columns. */
export const NAMES: Readonly<Record<string, string>> = {
  ours: 'this transport',
  redis: 'Nest Redis',
  nats: 'Nest NATS',
  tcp: 'Nest TCP',
  bullmq: 'BullMQ',
};

/** The others. */
export const OTHERS: readonly string[] = Object.keys(NAMES).filter((name) => name !== 'ours');

export interface Shown {
  readonly title: string;
  readonly aim: Aim;
}

const shown = (title: string, aim: string): Shown => {
  const found = AIMS.find((one) => one.title === aim);
  if (found === undefined) throw new Error(`nothing is aimed at by the name of ${aim}`);
  return { title, aim: found };
};

/** Groups of the picture. A load is what an aim measures. */
export const GROUPS: readonly Shown[] = [
  shown('A lone call: milliseconds (less is better)', '1 in flight, p50'),
  shown('128 calls in flight: calls a second', '128 in flight, calls/s'),
  shown('1,024 calls in flight: calls a second', '1,024 in flight, calls/s'),
  shown(
    '100 callers, one call each: calls a second',
    '100 callers, one call each in flight, calls/s',
  ),
  shown(
    '4 services that wait for I/O: calls a second',
    '4 services, 5 ms of I/O, 256 in flight, calls/s',
  ),
  shown('Events: handled a second', 'events, handled/s'),
  shown(
    'Processor time per call: µs (less is better)',
    '128 in flight, processor time per call of all processes',
  ),
];
