import type { ShardContext } from '../membership/shard-context.js';

/** Says that no more of a group is read because too many of its entries wait for another attempt, and when that is over. */
export function retriesTold(
  { logger, diagnostics }: Pick<ShardContext, 'logger' | 'diagnostics'>,
  group: string,
): (isFull: boolean, waiting: number) => void {
  return (isFull, waiting) => {
    const entries = `${waiting} entries of ${group} wait here for another attempt`;
    if (isFull)
      logger.warn(`RETRIES_FULL ${group}`, `${entries}: no more are read until some are due`);
    else logger.log(`RETRIES_EASED ${group}`, `${entries}: they keep no others from being read`);
    diagnostics.retriesWait(isFull ? 'retries.full' : 'retries.eased', group, waiting);
  };
}
