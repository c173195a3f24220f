import { MAX_REPLY_LOG_BYTES } from '../../protocol/limits.js';
import type { Store } from './store.js';

/** Bytes from which on a frame is published in a message of its own, after one with its id. */
const LONG_FRAME = 4096;

/** A frame for a caller. */
export interface FrameFor {
  readonly log: string;
  readonly frame: string;
  /** Life of the log, in milliseconds. */
  readonly life: string;
  /** The log lives long enough. */
  readonly livesOn?: boolean;
}

/** Whether the log of a caller has room for a frame. */
export function hasRoom(store: Store, { log, frame }: Pick<FrameFor, 'log' | 'frame'>): boolean {
  const stream = store.stream(log);
  return stream === undefined || stream.bytes + Buffer.byteLength(frame) <= MAX_REPLY_LOG_BYTES;
}

/** Appends a frame, or `lost` where the log has no room for it; '': the frame is short. */
export function answerInRoom(store: Store, said: FrameFor & { readonly lost: string }): void {
  const isLost = said.lost !== '' && !hasRoom(store, said);
  answer(store, isLost ? { ...said, frame: said.lost } : said);
}

/** Appends a frame to the reply log of a caller, and publishes it. */
export function answer(store: Store, { log, frame, life, livesOn = false }: FrameFor): void {
  const isNew = !store.has(log);
  const id = store.add(log, isNew ? ['f', frame, 'b', '1'] : ['f', frame]);
  if (isNew) store.expire(log, Number(life));
  else if (!livesOn) store.extend(log, Number(life));
  if (Buffer.byteLength(frame) < LONG_FRAME) return store.publish(log, `${id} ${frame}`);
  store.publish(log, id);
  store.publish(log, frame);
}
