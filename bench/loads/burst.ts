// Events, as fast as the client takes them, in batches.
import { nowMs } from '../harness/clock.mjs';

const BATCH = 128;

/** @param {() => Promise<unknown>} emit @param {number} count */
export async function emitBurst(emit, count) {
  const startedAt = nowMs();
  let errors = 0;
  for (let sent = 0; sent < count; sent += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - sent) }, () =>
      emit().catch(() => {
        errors++;
      }),
    );
    await Promise.all(batch);
  }
  return { startedAt, acceptedAt: nowMs(), errors };
}
