import { request } from 'node:http';
import { Dashboard, type DashboardOptions } from 'nestjs-redis-streams/dashboard';
import { vi } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { events, servedPage, type ServedPage } from './page.js';

const RAISE = { readOnly: false, auth: () => true } as const;

/** A service with one dead letter. */
async function withLetter(data: unknown = { id: 1 }): Promise<TestService> {
  const service = new TestService();
  const fail = () => {
    throw new TypeError('no such order');
  };
  await service.serve({ events: { placed: [fail, { retry: { attempts: 1 } }] } });
  const client = await service.connected();
  await client.tell('placed', data, { headers: { tenant: 'a-secret' } });
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
  return service;
}

const letterOf = async (page: ServedPage): Promise<string> => {
  const { letters } = (await page.json('api/letters?service=service')) as unknown as {
    letters: { id: string }[];
  };
  return letters[0]?.id ?? '';
};

/** A request whose headers a browser would not let a page choose. */
function raw(page: ServedPage, path: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<number | undefined>((resolve, reject) => {
    const sent = request(new URL(path, page.url), { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('options of the page', () => {
  it.each<[DashboardOptions, RegExp]>([
    [{ readOnly: false }, /readOnly: false.*auth/],
    [{ auth: { user: '', password: 'x' } }, /"auth"/],
    [{ auth: 'x' as never }, /"auth"/],
    [{ route: 'a b' }, /"route"/],
    [{ interval: 1 }, /"interval"/],
    [{ hidePayloads: 1 as never }, /"hidePayloads"/],
    [{ urll: 'redis://x' } as never, /urll/],
  ])('refuses to start with %j outside development', (options, told) => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => new Dashboard(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(told) }),
    );
    vi.unstubAllEnvs();
  });

  it.each(['development', 'test'])('may do without auth where NODE_ENV is %s', (stage) => {
    vi.stubEnv('NODE_ENV', stage);
    expect(() => new Dashboard({ readOnly: false })).not.toThrow();
    vi.unstubAllEnvs();
  });

  it('may do without auth where it only reads', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(new Dashboard({ route: 'ops/streams/' }).route).toBe('/ops/streams');
    vi.unstubAllEnvs();
  });
});

describe('the files of the page', () => {
  it('are sent with a policy that lets nothing else run, and only when they have changed', async () => {
    const page = await servedPage(new TestService().address);
    for (const [path, type] of [
      ['', 'text/html'],
      ['app.js', 'text/javascript'],
      ['app.css', 'text/css'],
      ['icon.svg', 'image/svg+xml'],
      ['licences.txt', 'text/plain'],
    ] as const) {
      const first = await page.ask(path);
      expect([path, first.status]).toEqual([path, 200]);
      expect(first.headers.get('content-type')).toContain(type);
      expect(first.headers.get('x-content-type-options')).toBe('nosniff');
      const policy = first.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(policy).not.toContain('unsafe');
      const tag = first.headers.get('etag') ?? '';
      await first.arrayBuffer();
      const again = await page.ask(path, { headers: { 'if-none-match': tag } });
      expect([path, again.status, await again.text()]).toEqual([path, 304, '']);
    }
    const html = await (await page.ask('')).text();
    expect(html).not.toMatch(/<script>|<style|style=| on\w+=|(?:src|href)="(?:\/|https?:)/);
    expect(await (await page.ask('licences.txt')).text()).toMatch(/preact[^]*MIT[^]*uplot[^]*MIT/);
  });

  it('are below the route with a slash, whatever a proxy puts before it', async () => {
    const page = await servedPage({ ...new TestService().address, route: '/ops/streams' });
    const without = await page.ask('../streams?x=1');
    expect([without.status, without.headers.get('location')]).toEqual([308, 'streams/?x=1']);
    expect((await page.ask('../other')).status).toBe(404);
    expect((await page.ask('../streamsandmore')).status).toBe(404);
    expect((await page.ask('../../package.json')).status).toBe(404);
    expect((await page.ask('%2e%2e/index.js')).status).toBe(404);
  });
});

describe('what the page tells', () => {
  it('is how things are now, again and again, and the last quarter of an hour', async () => {
    const service = await withLetter();
    const page = await servedPage(service.address);
    const text = await events(page, (so) => so.split('event: look').length > 3);
    expect(text).toMatch(/^retry: 2000\n\nevent: history\ndata: \[/);
    const [, data = '{}'] = /event: look\ndata: (.*)/.exec(text) ?? [];
    expect(JSON.parse(data)).toMatchObject({
      look: {
        rows: [{ stream: 'placed', group: 'service', unread: 0, pending: 0, instances: 1 }],
        backlog: { deadLetters: { service: 1 } },
        complete: true,
      },
      point: [expect.any(Number), null, null, 0, 0, null, null, null, null],
    });
    // The second look has rates.
    expect(text).toMatch(/"in":0,"out":0/);
    const { points } = (await page.json('api/history?stream=placed&group=service')) as unknown as {
      points: number[][];
    };
    expect(points.length).toBeGreaterThan(1);
  });

  it('says of how many instances it is not known what they did', async () => {
    const service = new TestService();
    await service.serve({ messages: { price: () => 1 } });
    // Lives, and says nothing: as instances of earlier versions, and those that are too busy.
    const [seconds = 0] = (await service.redis.time()).map(Number);
    const members = service.keys.members('service');
    await service.redis.zadd(members, seconds * 1000 + 60_000, 'old-1-abcdefghijkl');
    const page = await servedPage(service.address);
    const look = async () => {
      const text = await events(page, (so) => /event: look\ndata: .*\n/.test(so));
      const [, data = '{}'] = /event: look\ndata: (.*)/.exec(text) ?? [];
      return (JSON.parse(data) as { look: Record<string, unknown> }).look;
    };
    const before = await look();
    expect(before).toMatchObject({ silent: 1, rows: [{ stream: 'price' }] });
    expect(before['rows']).not.toMatchObject([{ handled: expect.anything() as unknown }]);
    await (await service.connected()).call('price');
    await eventually(async () =>
      expect(await look()).toMatchObject({
        ...{ silent: 1, handled: { ended: 1, errors: 0 } },
        rows: [{ stream: 'price', handled: { ended: 1, errors: 0 } }],
      }),
    );
  });

  it('is told to a bounded number of pages', async () => {
    const page = await servedPage(new TestService().address);
    const over = new AbortController();
    const open = Array.from({ length: 32 }, () => page.ask('api/live', { signal: over.signal }));
    expect((await Promise.all(open)).map(({ status }) => status)).toEqual(Array(32).fill(200));
    const refused = await page.ask('api/live');
    expect([refused.status, await refused.json()]).toEqual([
      503,
      { error: expect.stringContaining('32 pages are open already') },
    ]);
    over.abort();
    await eventually(async () => {
      const again = new AbortController();
      const response = await page.ask('api/live', { signal: again.signal });
      again.abort();
      expect(response.status).toBe(200);
    });
  });

  it('is that Redis is not reached, and why', async () => {
    const page = await servedPage({ url: 'redis://127.0.0.1:1', timeout: 500 });
    const text = await events(page, (so) => so.includes('event: trouble'));
    expect(text).toMatch(/"told":".*"/);
    const asked = await page.ask('api/findings');
    expect([asked.status, await asked.json()]).toEqual([
      502,
      expect.objectContaining({ error: expect.stringContaining('ECONNREFUSED') }),
    ]);
  });

  it.each([
    ['api/call?call=nonsense', 400],
    ['api/call', 400],
    ['api/letter?service=service&id=1-1', 404],
    ['api/letters?service=a%20b', 400],
    ['api/letters?service=service&since=soon', 400],
    ['api/nothing', 404],
  ])('is that it does not understand %s', async (path, status) => {
    const page = await servedPage(new TestService().address);
    const response = await page.ask(path);
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ error: expect.any(String) }),
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('leaves out payloads where they are hidden', async () => {
    const service = await withLetter({ card: '4111' });
    const page = await servedPage({ ...service.address, hidePayloads: true });
    const id = await letterOf(page);
    const list = await (await page.ask('api/letters?service=service')).text();
    const letter = await (await page.ask(`api/letter?service=service&id=${id}`)).text();
    expect(list + letter).not.toMatch(/4111|a-secret/);
    expect(JSON.parse(letter)).toMatchObject({
      error: 'no such order',
      headers: { tenant: '(hidden)' },
    });
  });
});

describe('who may look', () => {
  it('is who has the password', async () => {
    const auth = { user: 'ada', password: 'pö:ss' };
    const page = await servedPage({ ...new TestService().address, auth });
    const basic = (text: string) => ({
      authorization: `Basic ${Buffer.from(text).toString('base64')}`,
    });
    for (const path of ['', 'app.js', 'api/about', 'api/live']) {
      const refused = await page.ask(path);
      expect([path, refused.status]).toEqual([path, 401]);
      expect(refused.headers.get('www-authenticate')).toContain('Basic');
      expect((await page.ask(path, { headers: basic('ada:wrong') })).status).toBe(401);
    }
    const about = await page.ask('api/about', { headers: basic('ada:pö:ss') });
    expect(await about.json()).toMatchObject({ name: 'ada', readOnly: true });
  });

  it('is who a function says, which may let somebody only look', async () => {
    const service = await withLetter();
    const page = await servedPage({
      ...{ ...service.address, readOnly: false },
      auth: async ({ headers }) =>
        headers['x-user'] !== undefined && {
          name: String(headers['x-user']),
          readOnly: headers['x-user'] === 'eve',
        },
    });
    expect((await page.ask('')).status).toBe(403);
    const ids = ['1-1'];
    const discard = (user: string) =>
      page.change('api/letters/discard', { service: 'service', ids }, { 'x-user': user });
    expect((await discard('eve')).status).toBe(403);
    expect((await discard('ada')).status).toBe(200);
  });

  it('is nobody where the function fails', async () => {
    const auth = () => {
      throw new Error('the directory is down');
    };
    const page = await servedPage({ ...new TestService().address, auth });
    const response = await page.ask('');
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.not.stringContaining('directory'),
    ]);
  });
});

describe('what another site makes a browser send', () => {
  it.each([
    ['a header that says so', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling', { 'sec-fetch-site': 'same-site' }],
    ['its origin', { origin: 'https://evil.example' }],
    ['no origin that can be read', { origin: 'null' }],
  ])('changes nothing: %s', async (_what, headers) => {
    const service = await withLetter();
    const page = await servedPage({ ...service.address, ...RAISE });
    const id = await letterOf(page);
    const own = { 'x-nestjs-redis-streams': 'x' };
    expect(await raw(page, 'api/letters/discard', { ...own, ...headers }, 'POST')).toBe(403);
    expect(await letterOf(page)).toBe(id);
  });

  it('changes nothing without the header of the page, by a form or by GET', async () => {
    const page = await servedPage({ ...new TestService().address, ...RAISE });
    expect(await raw(page, 'api/letters/discard', {}, 'POST')).toBe(403);
    expect(await raw(page, 'api/letters/discard', { 'x-nestjs-redis-streams': 'x' })).toBe(405);
    expect(await raw(page, 'api/about', { 'x-nestjs-redis-streams': 'x' }, 'PUT')).toBe(405);
  });

  it('reads nothing, but may lead here', async () => {
    const page = await servedPage(new TestService().address);
    expect(
      await raw(page, 'api/about', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }),
    ).toBe(403);
    expect(
      await raw(page, '', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
    ).toBe(200);
    expect(await raw(page, '', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })).toBe(
      200,
    );
  });
});

describe('what the page changes', () => {
  it('is nothing unless asked otherwise', async () => {
    const service = await withLetter();
    const page = await servedPage(service.address);
    for (const path of ['api/letters/discard', 'api/letters/replay', 'api/letter/edit']) {
      const response = await page.change(path, { service: 'service', ids: [await letterOf(page)] });
      expect([response.status, await response.json()]).toEqual([
        403,
        { error: 'this page is read-only' },
      ]);
    }
    expect(await service.deadLetters()).toHaveLength(1);
  });

  it('are letters with ids, or all that fit when that is said', async () => {
    const service = await withLetter();
    const page = await servedPage({ ...service.address, ...RAISE });
    const id = await letterOf(page);
    const unsaid = await page.change('api/letters/discard', { service: 'service' });
    expect(unsaid.status).toBe(400);
    const ids = [id, '1-1'];
    const replayed = await page.change('api/letters/replay', { service: 'service', ids });
    expect(await replayed.json()).toMatchObject({ changed: 1, gone: 1, refused: 0 });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const which = { service: 'service', which: 'all that fit', pattern: 'other' };
    const none = await page.change('api/letters/discard', which);
    expect(await none.json()).toMatchObject({ changed: 0 });
    const all = await page.change('api/letters/discard', { ...which, pattern: 'placed' });
    expect(await all.json()).toMatchObject({ changed: 1 });
    expect(await service.deadLetters()).toHaveLength(0);
  });

  it('is a megabyte of new data, at most four of a request', async () => {
    const service = await withLetter();
    const page = await servedPage({ ...service.address, ...RAISE, maxPayloadBytes: 1_048_576 });
    const edit = { service: 'service', id: await letterOf(page) };
    const large = await page.change('api/letter/edit', { ...edit, data: '"'.repeat(500_000) });
    expect(await large.json()).toMatchObject({ entry: expect.stringMatching(/^\d+-\d+$/) });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const again = { service: 'service', id: await letterOf(page) };
    const tooLarge = await page.change('api/letter/edit', {
      ...again,
      data: 'x'.repeat(1_100_000),
    });
    expect([tooLarge.status, await tooLarge.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }),
    ]);
    const far = await page.change('api/letter/edit', { ...again, data: 'x'.repeat(5_000_000) });
    expect(far.status).toBe(413);
  });
});
