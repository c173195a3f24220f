// What instances run in threads.
import type { ThreadContext } from 'nestjs-redis-streams/threads';

export interface Computed {
  readonly ms: number;
  /** `crash` ends the thread, `endless` never ends by itself. */
  readonly act: 'crash' | 'endless' | undefined;
}

/** Computes without a pause, and never looks at its signal. */
export function compute({ ms, act }: Computed, context: ThreadContext): string {
  if (act === 'crash') process.exit(1);
  const end = act === 'endless' ? Number.POSITIVE_INFINITY : performance.now() + ms;
  while (performance.now() < end);
  return context.messageId;
}
