import type { Call } from '../call.js';
import type { WrittenData } from './entry-request.js';

/**
 * The data of a call, written for the entry that it is about to become; undefined: they are not bound to one.
 *
 * @param now monotonic, ms
 */
export function sealedFor(call: Call, now: number): Promise<WrittenData> | undefined {
  const { request, stream, caller, id } = call;
  const within = call.timeLeft(now) + (request.schedule?.wait ?? 0);
  return request.seal?.({ stream, caller, call: id, within });
}
