import { shardContext } from '../../../../../../test/support/shard-context.js';
import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { StartBroker } from '../../../redis/start-broker.js';
import { OrphanedRequests } from './orphaned-requests.js';
import { StreamState } from '../intake/stream-state.js';

class Requests extends StreamState {
  override get kind() {
    return 'r' as const;
  }
}

function setup() {
  const clock = new FakeClock();
  let ids: string[] = [];
  const adopted: string[] = [];
  const broker = {
    orphans: () => Promise.resolve({ next: '', ids }),
    adopt: (_: unknown, __: string, found: string[]) => {
      adopted.push(...found);
      return Promise.resolve(undefined);
    },
  } as unknown as StartBroker;
  const orphans = new OrphanedRequests(
    shardContext({ clock }),
    broker,
    [new Requests('s')],
    () => {},
  );
  const look = async (after: number, ...seen: string[]) => {
    clock.jump(after);
    ids = seen;
    await orphans.look();
  };
  return { look, adopted };
}

describe('L20: a request that is pending under no consumer', () => {
  it('is adopted when it was seen so twice, half a minute apart', async () => {
    const { look, adopted } = setup();
    await look(0, '1-0');
    expect(adopted).toEqual([]);
    await look(30_000, '1-0', '2-0');
    expect(adopted).toEqual(['1-0']);
    await look(30_000, '2-0');
    expect(adopted).toEqual(['1-0', '2-0']);
  });

  it('is not adopted when the looks are too close, or it was gone in between', async () => {
    const { look, adopted } = setup();
    await look(0, '1-0');
    await look(29_000, '1-0');
    await look(1000);
    await look(30_000, '1-0');
    expect(adopted).toEqual([]);
  });
});
