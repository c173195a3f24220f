import { millisOf } from './entry-ids.js';

/** Whether an entry with this header line is a request whose deadline has not passed. */
export function isOpen(id: string, header: string, now: number): boolean {
  const [, caller, timeout] = /^\d+ \S+ \S+ (\S+) (\d+)/.exec(header) ?? [];
  if (caller === undefined || caller === '-') return false;
  return timeout === '0' || now < millisOf(id) + Number(timeout);
}

/** Whether an entry is a call that a handler has made. */
export const isNested = (header: string | undefined): boolean =>
  header?.includes(' depth=') === true;
