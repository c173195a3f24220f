// The two tables of aims: what was aimed at, what was measured, met or missed.
import { largerIsBetter } from '../report/metrics.js';
import { beside, short } from '../report/tables.js';
import type { Judged, JudgedBound, JudgedRatio, Verdict } from './judge.js';

const words: Readonly<Record<Verdict, string>> = {
  met: 'met',
  missed: 'MISSED',
  'not measured': 'not measured',
};

export function ratioRows(judged: readonly JudgedRatio[]): string[][] {
  const peers = [...new Set(judged.map(({ to }) => to))];
  const titles = [...new Set(judged.map(({ title }) => title))];
  return [
    ['ours divided by', ...peers, 'before packs'],
    ...titles.map((title) => [
      title,
      ...peers.map((peer) =>
        ratioText(judged.find((one) => one.title === title && one.to === peer)),
      ),
      judged.find((one) => one.title === title)?.before ?? '',
    ]),
  ];
}

export function boundRows(judged: readonly JudgedBound[]): string[][] {
  return [
    ['', 'aim', 'measured', '', 'before packs'],
    ...judged.map(({ title, aim, verdict, measured, before, failed }) => [
      title,
      `≤${short(aim)}`,
      beside(measured?.median, aim),
      words[verdict] + (failed > 0 ? ` (${failed} calls failed)` : ''),
      before ?? '',
    ]),
  ];
}

/** How many were met, and each that was not with what its rounds said. */
export function summary(judged: readonly Judged[]): string {
  const of = (wanted: Verdict) => judged.filter(({ verdict }) => verdict === wanted);
  const [missed, absent] = [of('missed'), of('not measured')];
  const counts = `${of('met').length} of ${judged.length} aims met, ${missed.length} missed, ${absent.length} not measured.`;
  return [counts, ...missed.map((one) => `MISSED: ${missedText(one)}`)].join('\n');
}

function missedText(one: Judged | JudgedRatio): string {
  const { title, aim, measured, rounds } = one;
  const sign = 'metric' in one ? signOf(one) : '≤';
  const whom = 'to' in one ? `, to ${one.to}` : '';
  const range = `${beside(measured?.median, aim)} [${short(measured?.min)} – ${short(measured?.max)}]`;
  return `${title}${whom}: ${range} in ${rounds} round${rounds === 1 ? '' : 's'}, aim ${sign}${aim}`;
}

export const signOf = ({ metric }: Pick<JudgedRatio, 'metric'>) =>
  largerIsBetter(metric) ? '≥' : '≤';

function ratioText(judged: JudgedRatio | undefined): string {
  if (judged === undefined) return '';
  const { aim, measured, verdict } = judged;
  return `${beside(measured?.median, aim)} ${signOf(judged)}${aim} ${words[verdict]}${remarks(judged)}`;
}

/** What makes a figure less than it seems. */
export function remarks({ verdict, missing, rounds, failed }: JudgedRatio): string {
  if (verdict === 'not measured') return '';
  const said: string[] = [];
  if (missing > 0) said.push(`${rounds} of ${rounds + missing} rounds`);
  if (failed.ours > 0) said.push(`${failed.ours} of our calls failed`);
  if (failed.theirs > 0) said.push(`${failed.theirs} of their calls failed`);
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}
