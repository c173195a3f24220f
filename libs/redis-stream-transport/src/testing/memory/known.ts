import { YOUNG } from '../../redis/lua/known.js';
import type { Store } from './store.js';

/** A stream becomes known to services with wildcards, if there are any, or may be. */
export function becomeKnown(
  store: Store,
  incarnation: string,
  streams: string,
  stream: string,
): void {
  const isWatched = store.has(streams);
  const born = Number(store.field(incarnation, 'born') ?? 0);
  if (!isWatched && store.now - born >= YOUNG) return;
  const name = nameIn(streams, stream);
  if (!add(store, streams, name)) return;
  if (!isWatched) store.expire(streams, YOUNG);
  store.publish(streams, name);
}

/** Makes a stream known to services with wildcards, if there are any. */
export function makeKnown(store: Store, streams: string, name: string): void {
  if (store.has(streams) && add(store, streams, name)) store.publish(streams, name);
}

/** The name of a stream. @param streams the key of known streams, which begins as that of the stream does */
export const nameIn = (streams: string, stream: string): string =>
  stream.slice(streams.length - 'streams'.length + 's:'.length);

function add(store: Store, streams: string, name: string): boolean {
  if (store.scoreOf(streams, `s${name}`) !== undefined) return false;
  store.setScore(streams, `s${name}`, store.now);
  return true;
}
