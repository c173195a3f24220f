import type { Stream } from '../stream.js';

/** How many entries of a stream are unfinished. */
export function backlogOf(stream: Stream): number {
  if (stream.groups.size === 0) return stream.length;
  return Math.max(
    ...[...stream.groups.values()].map((group) => group.pending.size + stream.unreadBy(group)),
  );
}
