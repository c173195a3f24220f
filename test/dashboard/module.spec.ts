import { Controller, Get, type INestApplication, Module, VersioningType } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Dashboard,
  RedisStreamsDashboardModule,
  type DashboardOptions,
} from 'nestjs-redis-streams/dashboard';
import { inspect } from 'node:util';
import { vi } from 'vitest';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';
import { built, events, pageAt } from './page.js';

@Controller({ path: 'streamsy', version: '1' })
class OtherController {
  @Get()
  get() {
    return 'of the application';
  }
}

const platforms = ['Express', 'Fastify'] as const;

/** An application that does to its own routes all that could get in the way. */
async function application(
  platform: (typeof platforms)[number],
  imports: Parameters<typeof Module>[0]['imports'],
): Promise<string> {
  await built();
  const guard = { provide: APP_GUARD, useValue: { canActivate: () => false } };
  const module = await Test.createTestingModule({
    ...{ imports, controllers: [OtherController], providers: [guard] },
  }).compile();
  const app = closing(
    platform === 'Express'
      ? module.createNestApplication<INestApplication>({ logger: false })
      : module.createNestApplication<INestApplication>(new FastifyAdapter(), { logger: false }),
  );
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI });
  app.enableCors();
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

describe.each(platforms)('on %s', (platform) => {
  it('the page is at its route, and nothing of the application is in its way', async () => {
    const options: DashboardOptions = {
      ...{ ...new TestService().address, route: '/ops/streams', interval: 200 },
      ...{ readOnly: false, auth: { user: 'ada', password: 'x' } },
    };
    const url = await application(platform, [RedisStreamsDashboardModule.forRoot(options)]);
    const page = pageAt(`${url}/ops/streams/`);
    const headers = {
      authorization: `Basic ${Buffer.from('ada:x').toString('base64')}`,
      origin: new URL(url).origin,
    };
    const index = await page.ask('', { headers });
    expect([index.status, await index.text()]).toEqual([200, expect.stringContaining('app.js')]);
    expect(index.headers.get('content-security-policy')).toContain("default-src 'none'");
    // The application lets other origins read what it answers; not the page.
    expect(index.headers.get('access-control-allow-origin')).toBeNull();
    expect((await page.ask('app.js', { headers })).status).toBe(200);
    expect((await page.ask('')).status).toBe(401);
    const slash = await page.ask('../streams', { headers });
    expect([slash.status, slash.headers.get('location')]).toEqual([308, 'streams/']);
    const body = { service: 'service', ids: ['1-1'] };
    for (const type of ['application/json', 'application/vnd.nestjs-redis-streams+json']) {
      const change = await page.change('api/letters/discard', body, {
        ...headers,
        'content-type': type,
      });
      expect([type, change.status, await change.json()]).toEqual([
        type,
        200,
        expect.objectContaining({ changed: 1 }),
      ]);
    }
  });

  it('a megabyte of new data passes, whatever the application lets its own routes have', async () => {
    const options = { ...new TestService().address, readOnly: false };
    const url = await application(platform, [RedisStreamsDashboardModule.forRoot(options)]);
    const edit = { service: 'service', id: '1-1', data: 'x'.repeat(1_000_000) };
    const response = await pageAt(`${url}/streams/`).change('api/letter/edit', edit);
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: 'there is no such dead letter any more' },
    ]);
  });

  it('what is beside the page is left alone', async () => {
    const url = await application(platform, [
      RedisStreamsDashboardModule.forRootAsync({
        useFactory: async () => new TestService().address,
      }),
    ]);
    expect((await fetch(`${url}/streams/`)).status).toBe(200);
    expect((await fetch(`${url}/api/v1/streamsy`)).status).toBe(403);
    expect((await fetch(`${url}/streamsy`)).status).toBe(404);
    expect((await fetch(`${url}/`)).status).toBe(404);
  });

  it('pages that are open do not hold up the end of the application', async () => {
    const service = new TestService();
    await built();
    const module = await Test.createTestingModule({
      imports: [RedisStreamsDashboardModule.forRoot({ ...service.address, interval: 200 })],
    }).compile();
    const app =
      platform === 'Express'
        ? module.createNestApplication<INestApplication>({ logger: false })
        : module.createNestApplication<INestApplication>(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    const page = pageAt(`${await app.getUrl()}/streams/`);
    let heard = () => {};
    const open = new Promise<void>((resolve) => (heard = resolve));
    const ended = events(page, (text) => {
      if (text.includes('event: look')) heard();
      return false;
    });
    await open;
    await app.close();
    expect(await ended).toContain('event: look');
  });
});

it('an application does not start where everybody could change something', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  const imports = [RedisStreamsDashboardModule.forRoot({ readOnly: false })];
  await expect(Test.createTestingModule({ imports }).compile()).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('give "auth" as well'),
  });
  vi.unstubAllEnvs();
});

it('no password of Redis or of the page is shown by what holds it', () => {
  const options = { url: 'redis://u:s3cret@localhost', auth: { user: 'a', password: 's3cret' } };
  const shown = inspect([RedisStreamsDashboardModule.forRoot(options), new Dashboard(options)], {
    depth: 9,
  });
  expect(shown + JSON.stringify(new Dashboard(options))).not.toContain('s3cret');
});
