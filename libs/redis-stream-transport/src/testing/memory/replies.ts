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
