import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { Keys } from '../protocol/keys.js';
import type { Link } from '../redis/link.js';
import { callerRights, missingRights, serviceRights } from '../redis/operations/rights.js';

const RIGHTS = { service: serviceRights, client: callerRights } as const;

/**
 * Says at the start what Redis does not permit. Some scripts go on without a command that is refused to them, and would
 * only be slower, or repeat work, in silence.
 */
export async function tellMissingRights(
  role: keyof typeof RIGHTS,
  { commands: link, keys }: { readonly commands: Link; readonly keys: Keys },
  logger: RateLimitedLogger,
): Promise<void> {
  // If it cannot be asked now, what is missing is noticed when it is used.
  const missing = await missingRights({ link, keys }, RIGHTS[role]).catch(() => []);
  if (missing.length === 0) return;
  logger.warn(
    'RIGHTS_MISSING',
    `Redis does not permit all that a ${role} needs: ${missing.join(', ')}`,
  );
}
