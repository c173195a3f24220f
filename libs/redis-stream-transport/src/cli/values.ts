import { InvalidArgumentError } from 'commander';

// Readers of values that are given as arguments.

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number.');
}

export function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError('It is a number from 0 to 65535.');
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a duration such as `30s`, `15m`, `2h` or `7d`. */
export function duration(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (factor !== undefined) return Number(number) * factor;
  throw new InvalidArgumentError('It is a duration such as 500ms, 30s, 15m, 2h or 7d.');
}

/** Reads durations between two bounds, in milliseconds. */
export const boundedDuration =
  (least: number, most: number) =>
  (text: string): number => {
    const ms = duration(text);
    if (ms >= least && ms <= most) return ms;
    throw new InvalidArgumentError(`It is from ${shortest(least)} to ${shortest(most)}.`);
  };

const shortest = (ms: number): string =>
  ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;

/** A point in time: so long ago, or a time in ISO 8601. In milliseconds since 1970. */
export function pointInTime(text: string): number {
  if (/^\d+[a-z]+$/.test(text)) return Date.now() - duration(text);
  const at = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at) && at >= 0) return at;
  throw new InvalidArgumentError(
    'It is so long ago (15m, 2h, 7d), or a time such as 2026-01-31T12:00:00Z.',
  );
}

/** A point in time to come: in so long, or a time in ISO 8601. In milliseconds since 1970. */
export function timeToCome(text: string): number {
  if (/^\d+[a-z]+$/.test(text)) return Date.now() + duration(text);
  const at = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at) && at >= 0) return at;
  throw new InvalidArgumentError(
    'It is in so long (15m, 2h, 7d), or a time such as 2026-01-31T12:00:00Z.',
  );
}

/** Adds `name=value` to those that were given before. */
export function header(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at > 0) return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
  throw new InvalidArgumentError('It is a name, "=" and a value.');
}

/** How people read a time that has passed, such as `1.5 s` or `3 h`. @param ms milliseconds */
export function ago(ms: number | undefined): string {
  if (ms === undefined) return '-';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** How long something took; short times with two digits. @param ms milliseconds */
export const lasting = (ms: number | undefined): string =>
  ms !== undefined && ms < 10 ? `${Number(ms.toPrecision(2))} ms` : ago(ms);

/** A time as people read it, in UTC. */
export const when = (at: number): string =>
  at > 0 && at < 8.64e15 ? new Date(at).toISOString().replace('T', ' ').slice(0, 19) : '-';

/** A number, and what is counted. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
