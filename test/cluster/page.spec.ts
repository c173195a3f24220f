import { RedisCluster } from '../../tools/redis/cluster.js';
import { eventually } from '../../tools/wait.js';
import { Chromium, chromiumAt } from '../dashboard/browser.js';
import { events as seen, servedPage } from '../dashboard/page.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await RedisCluster.start({ masters: 3 });
}, 60_000);
afterAll(() => cluster.stop());

const SHARDS = 24;
const NAMES = range(6);

/** A service whose patterns are in several shards, on all three masters, and its page. */
async function place() {
  const service = new TestService({ cluster });
  const held = new Gate();
  onTestFinished(() => held.open());
  const fail = () => {
    throw new Error('no such order');
  };
  const messages = Object.fromEntries(NAMES.map((n) => [`slow.${n}`, () => held.opened]));
  const events = Object.fromEntries(
    NAMES.map((n) => [`lost.${n}`, [fail, { retry: { attempts: 1 } }] as const]),
  );
  const quick = { ...messages, quick: () => 'done' };
  await service.serve({ messages: quick, events }, { shards: SHARDS, drainTimeout: 0 });
  const client = await service.connected({ shards: SHARDS });
  for (const n of NAMES) {
    client.call(`slow.${n}`).catch(() => undefined);
    await client.tell(`lost.${n}`);
  }
  const page = await servedPage({
    ...{ cluster: { nodes: cluster.addresses }, prefix: service.prefix },
    ...{ readOnly: false, auth: () => ({ name: 'ada' }) },
  });
  return { service, client, page };
}

interface Letters {
  readonly letters: readonly { readonly id: string }[];
}

it('the page shows and changes what is in all shards of a Cluster', async () => {
  const { client, page } = await place();
  expect(await client.call('quick')).toBe('done');
  type Live = {
    look: {
      servers: unknown[];
      rows: { stream: string; pending: number; handled?: { ended: number } }[];
      services: { instances: unknown[] }[];
      backlog: { deadLetters: Record<string, number> };
      silent: number;
    };
  };
  await eventually(async () => {
    const text = await seen(page, (so) => /event: look\ndata: .*\n/.test(so));
    const [, data = ''] = /event: look\ndata: (.*)/.exec(text) ?? [];
    const { look } = JSON.parse(data) as Live;
    expect(look.servers).toHaveLength(3);
    expect(look.services).toMatchObject([{ service: 'service', instances: [{}] }]);
    expect(look.backlog.deadLetters).toEqual({ service: 6 });
    const row = (name: string) => look.rows.find(({ stream }) => stream === name);
    for (const n of NAMES) {
      expect(row(`slow.${n}`)).toMatchObject({ pending: 1 });
      expect(row(`lost.${n}`)).toMatchObject({ handled: { ended: 1, errors: 1 } });
    }
    expect(row('quick')).toMatchObject({ handled: { ended: 1, errors: 0 } });
    expect(look.silent).toBe(0);
  });
  const pending = (await page.json('api/pending?limit=100')) as unknown as {
    entries: { pattern: string; calls: string[] }[];
  };
  expect(pending.entries.map(({ pattern }) => pattern).toSorted()).toEqual(
    NAMES.map((n) => `slow.${n}`),
  );
  const [{ calls } = { calls: [] }] = pending.entries;
  expect(await page.json(`api/call?call=${encodeURIComponent(calls[0] ?? '')}`)).toMatchObject({
    entries: [{ groups: [{ state: 'held' }] }],
  });
  const { letters } = (await page.json('api/letters?service=service')) as unknown as Letters;
  expect(letters).toHaveLength(6);
  const ids = letters.map(({ id }) => id);
  const discarded = await page.change('api/letters/discard', { service: 'service', ids });
  expect(await discarded.json()).toMatchObject({ changed: 6, refused: 0 });
  const what = { service: 'service', pattern: 'quick', refuse: true };
  const paused = await page.change('api/pause', what);
  expect(await paused.json()).toMatchObject({ instances: 1, applied: 1 });
  await expect(client.call('quick')).rejects.toMatchObject({ code: 'PAUSED' });
  await page.change('api/resume', what);
  expect(await client.call('quick')).toBe('done');
  await eventually(async () => {
    const { senders } = (await page.json('api/senders')) as unknown as {
      senders: { patterns: { pattern: string }[] }[];
    };
    expect(senders[0]?.patterns.map(({ pattern }) => pattern)).toContain('lost.5');
  });
  expect(await page.json('api/findings')).toMatchObject({ findings: expect.any(Array) });
});

describe.skipIf(chromiumAt() === undefined)('in Chromium', () => {
  const browser = new Chromium();
  beforeAll(() => browser.start());
  afterAll(() => browser.stop());

  it('all pages show a Cluster', async () => {
    const { page } = await place();
    const { page: tab, complaints } = await browser.open(page);
    await tab.getByRole('row', { name: /slow\.5/ }).waitFor();
    await tab.locator('.pulse.live').waitFor();
    expect(await tab.getByRole('table', { name: 'Servers' }).getByRole('row').count()).toBe(4);
    for (const [path, shows] of [
      ['pattern/slow.3/service', /held/],
      ['instances', /Answers 7, hears 6/],
      ['dead/service', /no such order/],
      ['health', /DEAD_LETTERS/],
    ] as const) {
      await tab.goto(new URL(`#/${path}`, page.url).href);
      await tab.getByText(shows).first().waitFor();
    }
    expect(complaints).toEqual([]);
    await browser.tidy();
  });
});
