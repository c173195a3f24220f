// The two small tables of docs/performance.md: ours beside others, and what a call costs Redis.
import { remarks } from '../aims/tables.js';
import type { JudgedRatio } from '../aims/judge.js';
import { spread } from '../harness/stats.js';
import type { Cell } from '../report/cells.js';
import { largerIsBetter } from '../report/metrics.js';
import { byLoad, keyOf } from '../report/ratios.js';
import { beside, short } from '../report/tables.js';
import { MICROSECONDS } from './picture.js';
import { NAMES, OTHERS } from './shown.js';

/** Ours divided by each of the others; where the other one is ahead, the figure is bold. */
export function ratioRows(judged: readonly JudgedRatio[]): string[][] {
  const known = judged.filter(
    ({ of, to, measured }) => of === 'ours' && OTHERS.includes(to) && measured !== undefined,
  );
  const peers = OTHERS.filter((name) => known.some(({ to }) => to === name));
  const titles = [...new Set(known.map(({ title }) => title))];
  return [
    ['ours divided by', ...peers.map(nameOf)],
    ...titles.map((title) => [
      title,
      ...peers.map((peer) =>
        ratioText(known.find((one) => one.title === title && one.to === peer)),
      ),
    ]),
  ];
}

function ratioText(judged: JudgedRatio | undefined): string {
  const median = judged?.measured?.median;
  if (judged === undefined || median === undefined) return '';
  const ahead = largerIsBetter(judged.metric) ? median < 1 : median > 1;
  const text = beside(median, 1);
  return (ahead ? `**${text}**` : text) + remarks(judged);
}

/** Peers whose broker is a Redis. */
const ON_REDIS = ['ours', 'redis', 'bullmq'];

/** Processor time of Redis per call, in µs. Events are no calls. */
export function redisRows(
  cells: readonly Cell[],
  titleOf: ReadonlyMap<string, string>,
): string[][] {
  const calls = [...byLoad(cells)].filter(([key]) => titleOf.has(key));
  const peers = ON_REDIS.filter((name) => calls.some(([, same]) => peerOf(same, name).length > 0));
  return [
    ['µs of Redis per call', ...peers.map(nameOf)],
    ...calls.map(([key, same]) => [
      titleOf.get(key) ?? '',
      ...peers.map((peer) => {
        const all = peerOf(same, peer).map(({ cpu }) => cpu.broker * MICROSECONDS);
        return all.length === 0 ? '' : short(spread(all)?.median);
      }),
    ]),
  ];
}

/** The loads of aims by their keys, each with what its title says before its metric. */
export function titlesOf(
  aims: readonly Pick<JudgedRatio, 'load' | 'title'>[],
): Map<string, string> {
  const titles: Map<string, string> = new Map();
  for (const { load, title } of aims) {
    if (load.load === 'events' || titles.has(keyOf(load))) continue;
    titles.set(keyOf(load), title.replace(/, [^,]*$/, ''));
  }
  return titles;
}

const peerOf = (cells: readonly Cell[], peer: string) => cells.filter((cell) => cell.peer === peer);
const nameOf = (peer: string): string => NAMES[peer] ?? peer;
