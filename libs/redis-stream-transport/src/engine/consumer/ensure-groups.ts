import { CommandFailure } from '../../redis/failure.js';
import type { GroupBroker } from '../../redis/group-broker.js';
import type { ShardContext } from './shard-context.js';
import type { StreamState } from './stream-state.js';

/** Makes sure that a group exists on all of its streams; a lost one is made anew where it stood. */
export async function ensureGroups(
  { options, logger, owner }: ShardContext,
  broker: GroupBroker,
  streams: readonly StreamState[],
): Promise<void> {
  await Promise.all(
    streams.map(async (stream) => {
      const answer = await broker
        .ensureGroup(stream.name, stream.kind, options.history, owner.consumer)
        .catch((error: CommandFailure) => {
          // Redis does not say which key has the wrong type.
          const { kind, reply, message } = error;
          throw new CommandFailure(kind, reply, `stream ${stream.name}: ${message}`, error);
        });
      stream.since = answer.since;
      if (answer.state === 'lost') {
        logger.warn('group', `group ${broker.group} of ${stream.name} was lost; made anew`);
      }
    }),
  );
}
