import { isCallId, isCallerId } from '../../protocol/limits.js';
import { millisOf } from './entry-ids.js';

/** Whether an entry with this header line is a request whose deadline has not passed, and whose caller can be told. */
export function isOpen(id: string, header: string, now: number): boolean {
  const [, call = '', caller = '', timeout] = /^\d+ \S+ (\S+) (\S+) (\d+)/.exec(header) ?? [];
  if (!isCallId(call) || !isCallerId(caller)) return false;
  return timeout === '0' || now < millisOf(id) + Number(timeout);
}

/** Whether an entry is a call that a handler has made. */
export const isNested = (header: string | undefined): boolean =>
  header?.includes(' depth=') === true;
