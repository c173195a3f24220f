import { visible, visibleLines } from '../../protocol/visible.js';

/** Names and texts of others, with what cannot be seen written out. */
export const shown = visible;
export const shownLines = visibleLines;

const whole = new Intl.NumberFormat('en');

export const count = (value: number | undefined): string =>
  value === undefined ? '–' : whole.format(Math.round(value));

/** Entries a second. */
export function rate(value: number | null | undefined): string {
  if (value === undefined || value === null) return '–';
  return value >= 100 ? whole.format(Math.round(value)) : String(Math.round(value * 10) / 10);
}

/** A length of time in milliseconds, in two digits or three. */
export function duration(ms: number | null | undefined): string {
  if (ms === undefined || ms === null) return '–';
  if (ms > 0 && ms < 0.1) return '< 0.1 ms';
  if (ms < 1000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  const units: readonly [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ];
  const [size, name] = units.find(([one]) => ms >= one) as [number, string];
  const amount = ms / size;
  return `${amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount)} ${name}`;
}

/** A part of a whole. */
export function share(part: number, all: number): string {
  if (part === 0 || all === 0) return '0 %';
  const percent = (part / all) * 100;
  if (percent < 0.1) return '< 0.1 %';
  return `${percent < 10 ? Math.round(percent * 10) / 10 : Math.round(percent)} %`;
}

export function bytes(value: number | undefined): string {
  if (value === undefined) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = value;
  let unit = 0;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}

/** A moment, as the clock on the wall of whoever reads has it. */
export const moment = (at: number): string =>
  new Date(at).toLocaleString('sv-SE', { timeZoneName: 'short' });

/** Time of an entry id. */
export const storedAt = (entry: string): number => Number.parseInt(entry, 10);

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;
