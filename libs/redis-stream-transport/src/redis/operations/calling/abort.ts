import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which a cancellation is kept for a consumer that is away. */
const NOTICE_LIFE = 60_000;
/** Cancellations that are kept for one consumer. Beyond that the oldest are dropped. */
const NOTICES_KEPT = 10_000;

/** Leaves cancellations for a consumer, for `life` milliseconds, and tells it at once. Answers 1. */
export const abortScript = defineScript({
  name: 'abort',
  keys: ['inbox'],
  args: ['life', '...notices'],
  flags: 'allow-oom',
  lua: `
for _, notice in ipairs(notices) do
  redis.call('RPUSH', inbox, notice)
  redis.call('SPUBLISH', inbox, notice)
end
redis.call('LTRIM', inbox, -${NOTICES_KEPT}, -1)
redis.call('PEXPIRE', inbox, life)
return 1
`,
});

/** Tells a consumer, now or when it is back, which of its entries were cancelled. */
export async function abort(
  { link, keys }: ShardPlace,
  consumer: string,
  notices: readonly string[],
): Promise<void> {
  await run(link, abortScript, { inbox: keys.inbox(consumer), life: NOTICE_LIFE, notices });
}
