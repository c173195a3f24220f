// Events, as fast as the client takes them, in batches.
import { nowMs } from '../harness/clock.js';

const BATCH = 128;

export async function emitBurst(emit: () => Promise<unknown>, count: number) {
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
