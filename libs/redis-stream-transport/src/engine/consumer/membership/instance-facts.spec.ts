import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shardContext } from '../../../../../../test/support/shard-context.js';
import { ROOT } from '../../../../../../test/docs/documents.js';
import { LIBRARY_VERSION } from '../../../protocol/version.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { InstanceFacts } from './instance-facts.js';

function setup() {
  const texts: string[] = [];
  let fails = false;
  const broker = {
    noteFacts: async (_: unknown, text: string) => {
      if (fails) throw new Error('OOM');
      texts.push(text);
      return 'ok';
    },
  } as unknown as LeaseBroker;
  const warned: string[] = [];
  const context = shardContext({
    options: { concurrency: 7 },
    logger: { warn: (_, text) => void warned.push(text) },
  });
  const facts = new InstanceFacts(context, broker);
  const { identity, clock } = context;
  const confirmed = () => facts.confirmed(identity.owner);
  return { texts, warned, clock, identity, confirmed, fail: (now: boolean) => (fails = now) };
}

describe('the facts of an instance', () => {
  it('are said with the lease, hourly, and under a new name', async () => {
    const { texts, clock, identity, confirmed } = setup();
    await confirmed();
    await confirmed();
    expect(texts).toHaveLength(1);
    expect(texts[0]!.length).toBeLessThan(1024);
    expect(JSON.parse(texts[0]!)).toMatchObject({
      ...{ library: LIBRARY_VERSION, protocol: 1, node: process.versions.node },
      ...{ pid: process.pid, host: expect.any(String), started: expect.any(Number) },
      ...{ concurrency: 7, leaseTtl: 9000 },
    });
    clock.jump(3_600_000);
    await confirmed();
    expect(texts).toHaveLength(2);
    identity.replace();
    await confirmed();
    expect(texts).toHaveLength(3);
  });

  it('do not matter to the lease, and are said again after a refusal', async () => {
    const { texts, warned, confirmed, fail } = setup();
    fail(true);
    await confirmed();
    expect(warned).toEqual([expect.stringContaining('OOM')]);
    fail(false);
    await confirmed();
    expect(texts).toHaveLength(1);
  });

  it('name the version of the package', () => {
    const file = join(ROOT, 'libs/redis-stream-transport/package.json');
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    expect(LIBRARY_VERSION).toBe(version);
  });
});
