import type { DashboardOptions } from 'nestjs-redis-streams/dashboard';
import { eventually, pause } from '../../tools/wait.js';
import { deployment, type Deployment } from '../cli/deployment.js';
import { TestService } from '../support/test-service.js';
import { Chromium, chromiumAt, HOW_TO_GET, type Look } from './browser.js';
import { servedPage, type ServedPage } from './page.js';

const isThere = chromiumAt() !== undefined;
if (!isThere) console.warn(HOW_TO_GET);

it.runIf(process.env['NRS_NEEDS_CHROMIUM'] === '1')(
  'there is a Chromium where there must be one',
  () => {
    expect(isThere, HOW_TO_GET).toBe(true);
  },
);

const browser = new Chromium();
const WRITES = { readOnly: false, auth: () => ({ name: 'ada' }) } as const;

/** Services with something of everything, and their page. */
async function place(options: DashboardOptions = {}): Promise<Deployment & { page: ServedPage }> {
  const made = await deployment();
  const page = await servedPage({ ...made.service.address, ...options });
  return { ...made, page };
}

const letters = ({ service }: Deployment) => service.deadLetters('orders');

describe.skipIf(!isThere)('in Chromium', () => {
  beforeAll(() => browser.start());
  afterEach(() => browser.tidy());
  afterAll(() => browser.stop());

  it('the overview shows what waits, live', async () => {
    const { page, client } = await place();
    const { page: tab, complaints } = await browser.open(page);
    const row = tab.getByRole('row', { name: /orders\.pack/ });
    await row.getByRole('cell').first().waitFor();
    expect(await row.innerText()).toMatch(/orders\s+.*1\s+1\s+0/s);
    await tab.getByRole('row', { name: /orders\.archived.*nobody/s }).waitFor();
    await tab.getByRole('img', { name: /Latency, last 15 minutes; now: oldest \d/ }).waitFor();
    await tab.locator('.pulse.live').waitFor();
    await tab.getByRole('img', { name: /Handlers, last 15 minutes; now: p50 / }).waitFor();
    await client.tell('orders.archived', 1);
    await tab.getByRole('row', { name: /orders\.archived.*2/s }).waitFor();
    await tab.getByLabel('Filter by pattern or service').fill('paid');
    await row.waitFor({ state: 'detached' });
    await tab.getByRole('link', { name: 'orders.paid' }).click();
    await tab.getByRole('heading', { level: 1, name: 'orders.paid' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('instances say how long handlers take and how many fail; what is of before is grey', async () => {
    const { page, client, service } = await place();
    const { page: tab, complaints } = await browser.open(page);
    const cell = (pattern: string, name: string) =>
      tab.getByRole('row', { name: pattern }).locator(`td[data-name="${name}"]`);
    // It was so before somebody looked.
    await cell('orders.placed', 'Errors').locator('.faint', { hasText: '100 %' }).waitFor();
    await cell('orders.archived', 'p99').getByText('–').waitFor();
    const ends = new AbortController();
    const traffic = (async () => {
      for (let n = 0; !ends.signal.aborted; n++) {
        await client.call('orders.price', { id: 'a1' });
        if (n % 20 === 0) await client.failure('orders.refuse');
        await pause(2);
      }
    })();
    onTestFinished(async () => {
      ends.abort();
      await traffic;
    });
    await cell('orders.price', 'Errors').getByText('0 %').waitFor();
    await cell('orders.price', 'p99')
      .locator('span:not(.faint)', { hasText: /^[\d.]+ ms$/ })
      .waitFor();
    await cell('orders.refuse', 'Errors').locator('.tag.bad', { hasText: '100 %' }).waitFor();
    await tab.getByLabel('Sort by').selectOption('errors');
    await eventually(async () =>
      expect(await tab.getByRole('row').nth(1).innerText()).toMatch(/orders\.(placed|refuse)/),
    );
    await tab.getByRole('link', { name: 'orders.price', exact: true }).click();
    await tab.getByRole('heading', { level: 1, name: 'orders.price' }).waitFor();
    await tab.getByRole('table', { name: 'Who sends this' }).getByRole('row').nth(1).waitFor();
    expect(await tab.getByLabel('Now', { exact: true }).innerText()).toMatch(
      /Errors\s+0 %\s+p99\s+[\d.]+ ms/,
    );
    expect(await service.length('orders.archived')).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('the page of a pattern shows what runs, and leads to the call', async () => {
    const { page, hanging } = await place();
    const { page: tab, complaints } = await browser.open(page, 'pattern/orders.pack/orders');
    await tab.getByRole('row', { name: /held/ }).waitFor();
    await tab.getByRole('link', { name: hanging.split('/')[1] ?? '' }).click();
    await tab.getByRole('heading', { name: hanging }).waitFor();
    await tab.getByText('it runs there, or waits for a slot').waitFor();
    await tab.getByText('connected, and listens for replies').waitFor();
    expect(complaints).toEqual([]);
  });

  it('a call is found by its id, and what is no id is said to be none', async () => {
    const { page, hanging } = await place();
    const { page: tab } = await browser.open(page, 'call');
    await tab.getByLabel('Call id').fill('nonsense');
    await tab.keyboard.press('Enter');
    await tab.getByRole('alert').getByText('is no call').waitFor();
    await tab.getByLabel('Call id').fill(hanging);
    await tab.getByRole('button', { name: 'Follow' }).click();
    await tab.getByText('stored: orders.pack').waitFor();
    expect(tab.url()).toContain(encodeURIComponent(hanging));
  });

  it('one request is followed across services by a header', async () => {
    const { page, client } = await place();
    const headers = { 'correlation-id': 'req-77' };
    client.call('orders.pack', 3, { headers, timeout: 600_000 }).catch(() => undefined);
    await client.tell('orders.paid', { total: 2 }, { headers });
    await client.tell('orders.placed', { total: 3 }, { headers });
    const { page: tab, complaints } = await browser.open(page, 'call');
    const form = tab.getByRole('search', { name: 'By a header' });
    await form.getByLabel('Value').fill('req-77');
    await form.getByRole('button').click();
    await tab
      .getByRole('region', { name: /^Call / })
      .getByText('stored: orders.pack')
      .waitFor();
    const events = tab.getByRole('region', { name: 'Events' });
    await events.getByText('stored: orders.paid').waitFor();
    await eventually(async () => {
      await tab.getByRole('button', { name: 'Look again' }).click();
      await events.getByRole('link', { name: 'a dead letter' }).waitFor({ timeout: 500 });
    });
    await tab.goto(new URL('#/header/correlation-id/none', page.url).href);
    await tab.getByText('Nothing has it now').waitFor();
    expect(complaints).toEqual([]);
  });

  it('instances show their leases and what they have in flight; callers are named', async () => {
    const { page } = await place();
    const { page: tab, complaints } = await browser.open(page, 'instances');
    const service = tab.getByRole('region', { name: 'Service orders' });
    await eventually(async () =>
      expect(await service.getByRole('row').nth(1).innerText()).toMatch(
        /-\d+\s.*\s0\.1\.0, Node \d.*\s+1\s+\d+(\.\d)? s\s+yes/,
      ),
    );
    await service.getByText(/Answers 4, hears 2/).click();
    await service.getByText('orders.prices').waitFor();
    const callers = tab.getByRole('region', { name: 'Callers' });
    await callers.getByRole('row').nth(1).waitFor();
    await callers.getByRole('table', { name: 'What applications send' }).waitFor();
    await callers.getByText('orders.archived').waitFor();
    expect(complaints).toEqual([]);
  });

  it('health says what is wrong, and what to do', async () => {
    const { page } = await place();
    const { page: tab, complaints } = await browser.open(page, 'health');
    await tab.getByText('DEAD_LETTERS').waitFor();
    await tab.getByText('no service has ever read it').waitFor();
    expect(complaints).toEqual([]);
  });

  it('a dead letter shows all that is known of it', async () => {
    const { page } = await place();
    const { page: tab, complaints } = await browser.open(page, 'dead');
    await tab
      .getByRole('link', { name: /^\d+-0$/ })
      .first()
      .click();
    await tab.getByText('at OrdersController.placed (/app/orders.js:24:13)').waitFor();
    await tab.getByRole('region', { name: 'Data' }).getByText('"total": 1').waitFor();
    // Nothing can be changed unless asked otherwise.
    expect(await tab.getByRole('button', { name: /Replay|Discard|Edit/ }).count()).toBe(0);
    await tab.getByText('read-only').waitFor();
    expect(complaints).toEqual([]);
  });

  it('selected letters are replayed, and others are not', async () => {
    const made = await place(WRITES);
    const [first] = await letters(made);
    const { page: tab, complaints } = await browser.open(made.page, 'dead/orders');
    expect(await tab.getByRole('button', { name: /Replay selected/ }).isDisabled()).toBe(true);
    await tab.getByLabel(`Select ${made.named('1763640000000-0')}`).check();
    await tab.getByRole('button', { name: 'Replay selected (1)' }).click();
    await tab.getByRole('dialog').getByText('for orders alone').waitFor();
    // Nothing is done before it is confirmed; the keyboard can say no.
    await tab.keyboard.press('Escape');
    expect((await letters(made)).length).toBe(2);
    await tab.getByRole('button', { name: 'Replay selected (1)' }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
    await tab.getByRole('status').getByText('1 dead letter replayed.').waitFor();
    // It fails again, and is another letter.
    await eventually(async () => {
      const now = await letters(made);
      expect([now.length, JSON.stringify(now).includes(JSON.stringify(first))]).toEqual([2, false]);
    });
    expect(complaints).toEqual([]);
  });

  it('all that fit are replayed', async () => {
    const made = await place(WRITES);
    const { page: tab } = await browser.open(made.page, 'dead/orders/orders.placed/attempts');
    await tab.getByRole('button', { name: 'Replay all that fit' }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
    await tab.getByRole('status').getByText('2 dead letters replayed.').waitFor();
    await eventually(async () => {
      const now = await made.service.redis.xrange(made.service.keys.dead('orders'), '-', '+');
      const stays = now.some(([id]) => id === made.named('1763640000000-0'));
      expect([now.length, stays]).toEqual([2, false]);
    });
  });

  it('a letter is replayed with edited data and headers', async () => {
    const made = await place(WRITES);
    const { page: tab, complaints } = await browser.open(
      made.page,
      `letter/orders/${made.named('1763640000000-0')}`,
    );
    await tab.getByRole('button', { name: 'Edit and replay' }).click();
    const dialog = tab.getByRole('dialog');
    await dialog.getByLabel('Data, as JSON').fill('{ "id": ');
    await dialog.getByRole('button', { name: 'Replay' }).click();
    await dialog.getByRole('alert').getByText('The data is not JSON').waitFor();
    await dialog.getByLabel('Data, as JSON').fill('{ "id": "a1" }');
    await dialog.getByLabel(/Headers/).fill('{ "by": "Ada" }');
    await dialog.getByRole('button', { name: 'Replay' }).click();
    await tab
      .getByRole('status')
      .getByText(/Replayed as \d+-\d+ of orders\.placed, for orders/)
      .waitFor();
    // With an id it is handled well.
    await eventually(async () => expect(await letters(made)).toHaveLength(1));
    expect(complaints).toEqual([]);
  });

  it('a pattern is paused and goes on again; an instance too', async () => {
    const made = await place(WRITES);
    const { page: tab, complaints } = await browser.open(made.page, 'pattern/orders.price/orders');
    await tab.getByRole('button', { name: 'Pause orders.price' }).click();
    const dialog = tab.getByRole('dialog');
    await dialog.getByLabel('For how long').selectOption('15 minutes');
    await dialog.getByLabel(/^Why/).fill('the printer is on fire');
    await dialog.getByLabel(/Refuse calls/).check();
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await tab.getByRole('status').getByText('Applied by 1 of 1 instances').waitFor();
    await tab.getByText(/calls are refused: the printer is on fire/).waitFor();
    await expect(made.client.call('orders.price', { id: 'a1' })).rejects.toMatchObject({
      code: 'PAUSED',
    });
    await tab.getByRole('button', { name: 'Resume orders.price' }).click();
    await tab.getByRole('button', { name: 'Pause orders.price' }).waitFor();
    expect(await made.client.call('orders.price', { id: 'a1' })).toMatchObject({ id: 'a1' });
    await tab.goto(new URL('#/instances', made.page.url).href);
    const row = tab.getByRole('region', { name: 'Service orders' });
    await row.getByRole('button', { name: /^Pause / }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await row.getByText('paused').waitFor();
    await row.getByRole('button', { name: /^Resume / }).click();
    await row.getByRole('button', { name: /^Pause / }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('a letter is discarded; one that is gone says so', async () => {
    const made = await place(WRITES);
    const path = `letter/orders/${made.named('1763640000000-0')}`;
    const { page: tab } = await browser.open(made.page, path);
    const other = await browser.open(made.page, path);
    await tab.getByRole('button', { name: 'Discard' }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await tab.getByRole('status').getByText('1 dead letter discarded.').waitFor();
    expect(await letters(made)).toHaveLength(1);
    await other.page.getByRole('button', { name: 'Replay', exact: true }).click();
    await other.page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
    await other.page.getByRole('status').getByText('1 no longer there').waitFor();
  });

  it('discards all that fit, and selected ones', async () => {
    const made = await place(WRITES);
    const { page: tab } = await browser.open(made.page, 'dead/orders');
    await tab.getByLabel(/Select all 2 shown/).check();
    await tab.getByLabel(`Select ${made.named('1763640000001-0')}`).uncheck();
    await tab.getByRole('button', { name: 'Discard selected' }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await tab.getByRole('status').getByText('1 dead letter discarded.').waitFor();
    await tab.getByRole('button', { name: 'Discard all that fit' }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await tab.getByText('There are no dead letters').waitFor();
    expect(await letters(made)).toHaveLength(0);
  });

  it('payloads that are hidden are nowhere', async () => {
    const made = await place({ ...WRITES, hidePayloads: true });
    const { page: tab } = await browser.open(made.page, 'dead/orders');
    await tab.getByText('(hidden)').first().waitFor();
    await tab.getByRole('link', { name: made.named('1763640000000-0') }).click();
    await tab.getByText('Data is hidden on this page').waitFor();
    expect(await tab.content()).not.toContain('"total"');
  });

  it('shows nothing of before as of now, and goes on when the server is back', async () => {
    const { page } = await place();
    const { page: tab } = await browser.open(page);
    await tab.locator('.pulse.live').waitFor();
    const comeBack = await page.leave();
    await tab.getByText('the server does not answer').waitFor();
    await tab.locator('.pulse.lost').waitFor();
    await comeBack();
    await tab.locator('.pulse.live').waitFor();
    expect(await tab.getByText('the server does not answer').count()).toBe(0);
  });

  it('keyboard alone reaches the content, the pages and what can be done', async () => {
    const { page } = await place();
    const { page: tab } = await browser.open(page);
    await tab.keyboard.press('Tab');
    expect(await tab.evaluate('document.activeElement.textContent')).toMatch(/Skip to the content/);
    await tab.keyboard.press('Enter');
    expect(await tab.evaluate('document.activeElement.tagName')).toBe('H1');
    await tab
      .getByRole('link', { name: /Dead letters/ })
      .first()
      .focus();
    await tab.keyboard.press('Enter');
    await tab.getByRole('heading', { level: 1, name: 'Dead letters' }).waitFor();
    // Whoever listens to a page hears which one it is.
    await eventually(async () =>
      expect(await tab.evaluate('document.activeElement.textContent')).toBe('Dead letters'),
    );
    expect(await tab.title()).toBe('Dead letters · Redis Streams');
  });
});

const PAGES = [
  '',
  'pattern/orders.pack/orders',
  'instances',
  'dead/orders',
  'letter',
  'call',
  'header/correlation-id/req-77',
  'health',
];

describe.skipIf(!isThere)('for everybody', () => {
  beforeAll(() => browser.start());
  afterEach(() => browser.tidy());
  afterAll(() => browser.stop());

  it.each<[string, Look]>([
    ['in light', {}],
    ['in dark', { colorScheme: 'dark' }],
    ['on a phone', { width: 360, height: 740 }],
    ['on a tablet', { width: 800, height: 1100 }],
    ['in a narrow window', { width: 1050, height: 800 }],
  ])('no page has barriers that a machine finds, or scrolls sideways, %s', async (_where, look) => {
    const made = await place(WRITES);
    const found: string[] = [];
    const visit = await browser.open(made.page, '', look);
    for (const name of PAGES) {
      const path =
        name === 'letter'
          ? `letter/orders/${made.named('1763640000000-0')}`
          : name === 'call'
            ? `call/${encodeURIComponent(made.hanging)}`
            : name;
      await visit.go(path);
      await visit.page
        .getByText(/Asking Redis|Looking at Redis/)
        .first()
        .waitFor({ state: 'detached' });
      found.push(...(await visit.barriers()).map((one) => `${name}: ${one}`));
      const sideways = await visit.sideways();
      if (sideways > 0) found.push(`${name}: ${sideways} pixels too wide`);
    }
    await visit.page.goto(
      new URL(`#/letter/orders/${made.named('1763640000000-0')}`, made.page.url).href,
    );
    await visit.page.getByRole('button', { name: 'Edit and replay' }).click();
    await visit.page.getByRole('dialog').waitFor();
    found.push(...(await visit.barriers()).map((one) => `editor: ${one}`));
    expect(found).toEqual([]);
    expect(visit.complaints).toEqual([]);
  });

  it('names, data and errors of others do nothing', async () => {
    const service = new TestService();
    const script = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
    const evil = `${script}\u001b[2J\u202e\u0000'";</textarea>javascript:alert(3)${'x'.repeat(100)}`;
    const fail = () => {
      const error = new TypeError(evil);
      error.stack = evil;
      throw error;
    };
    const pattern = evil.slice(0, 120).replaceAll('\u0000', '');
    await service.serve({ events: { [pattern]: [fail, { retry: { attempts: 1 } }] } });
    const client = await service.connected();
    await client.tell(
      pattern,
      { text: evil, large: 'y'.repeat(900_000) },
      { headers: { name: evil.replaceAll('\u0000', '') } },
    );
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.redis.xrange(service.keys.dead('service'), '-', '+');
    // What callers and instances say of themselves may be anything too.
    const { redis, keys } = service;
    const said = { application: evil.slice(0, 200), process: script, for: 1000 };
    await redis.hset(
      keys.caller('x'.repeat(22)),
      ...['sends', JSON.stringify({ ...said, patterns: [[pattern, 3]] })],
    );
    await redis.hset(keys.caller('y'.repeat(22)), 'sends', 'z'.repeat(1_048_576));
    await redis.expire(keys.caller('x'.repeat(22)), 60);
    await redis.expire(keys.caller('y'.repeat(22)), 60);
    const page = await servedPage({ ...service.address, ...WRITES });
    const visit = await browser.open(page);
    await visit.page.getByText('<img src=x').first().waitFor();
    await visit.page.locator('td[data-name="Errors"]', { hasText: '100 %' }).waitFor();
    for (const path of [
      `pattern/${encodeURIComponent(pattern)}/service`,
      ...['instances', 'dead/service', `letter/service/${letter?.[0] ?? ''}`, 'health'],
      `call/${encodeURIComponent(evil)}`,
      `dead/${encodeURIComponent(evil)}`,
      `header/name/${encodeURIComponent(evil.replaceAll('\u0000', ''))}`,
      encodeURIComponent(evil),
    ]) {
      await visit.go(path);
      await visit.page
        .getByText(/Asking Redis|Looking at Redis/)
        .first()
        .waitFor({ state: 'detached' });
      expect(
        await visit.page.locator('img:not([src="icon.svg"]), script:not([src="app.js"])').count(),
        path,
      ).toBe(0);
      expect(await visit.page.locator('body').innerText(), path).not.toMatch(
        /[^\P{Cc}\n\t]|\u202e/u,
      );
      expect(await visit.sideways(), path).toBe(0);
    }
    await visit.go(`pattern/${encodeURIComponent(pattern)}/service`);
    const senders = visit.page.getByRole('table', { name: 'Who sends this' });
    await senders.getByText('<img src=x').first().waitFor();
    expect(await visit.sideways()).toBe(0);
    await visit.go(`letter/service/${letter?.[0] ?? ''}`);
    await visit.page.getByRole('button', { name: /Show all [\d,]+ characters/ }).waitFor();
    await visit.page.getByRole('button', { name: 'Edit and replay' }).click();
    const value = await visit.page.getByLabel('Data, as JSON').inputValue();
    expect(value.length).toBeGreaterThan(900_000);
    // Refusals of the server are said in the console too; scripts and other hosts would be, as well.
    expect(visit.complaints.filter((told) => !/status of 4\d\d/.test(told))).toEqual([]);
  });
});
