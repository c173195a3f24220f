import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { commandAt, where } from '../contracts/command.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';
import { built } from './page.js';

/** Runs the command until the test ends; the link is that which it prints. */
async function dashboardCommand(...args: string[]): Promise<string> {
  await built();
  const { prefix } = new TestService();
  const over = new Gate();
  let printed = '';
  const terminal = { ended: over.opened, out: (text: string) => void (printed += text) };
  const ran = commandAt(terminal, 'dashboard', ...args, ...where, '--prefix', prefix);
  onTestFinished(async () => {
    over.open();
    expect(await ran).toMatchObject({ code: 0 });
  });
  return eventually(() => {
    const [url] = /http:\/\/\S+/.exec(printed) ?? [];
    expect(url).toBeDefined();
    return (url as string).replace(/"$/, '');
  });
}

const open = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers, redirect: 'manual' });

it('the link lets one browser in, once', async () => {
  const link = await dashboardCommand();
  const page = link.replace(/\?.*/, '');
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/);
  const before = await open(page);
  expect([before.status, await before.text()]).toEqual([
    403,
    expect.stringContaining('Open the link'),
  ]);
  expect((await open(`${page}?token=guessed`)).status).toBe(403);
  const first = await open(link);
  expect([first.status, first.headers.get('location')]).toEqual([303, './']);
  const cookie = first.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
  expect((await open(link)).status).toBe(403);
  const cookies = { cookie: cookie.split(';')[0] ?? '' };
  expect((await open(link, cookies)).status).toBe(303);
  expect((await open(page, cookies)).status).toBe(200);
  expect(await (await open(`${page}api/about`, cookies)).json()).toMatchObject({ readOnly: true });
});

it('names that only lead to this machine are not let in', async () => {
  const { request } = await import('node:http');
  const link = await dashboardCommand();
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request(link, { headers: { host: 'evil.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
  expect(status).toBe(403);
});

it('may change something if that is said, and hides data', async () => {
  const link = await dashboardCommand('--write', '--hide-payloads', '--json');
  const first = await open(link);
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const about = await open(`${link.replace(/\?.*/, '')}api/about`, { cookie });
  expect(await about.json()).toMatchObject({ readOnly: false, hidePayloads: true });
});

it('says that Redis is not reached before it serves anything', async () => {
  const { code, out, err } = await commandAt({}, 'dashboard', '--url', 'redis://127.0.0.1:1');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('ECONNREFUSED');
});
