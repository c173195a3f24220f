import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { commandAt } from '../contracts/command.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { deployment } from './deployment.js';
import { alike, asOnThePage, examples, print, shownAs } from './page.js';

// `PRINT_CLI=1` writes the page anew: the examples stand there, and their answers are made here.

test('docs/cli.md shows what the commands answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nrs-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const server = await startPrivateRedis();
  onTestFinished(() => server.stop());
  asOnThePage();
  vi.stubEnv('npm_package_name', 'shop');
  onTestFinished(() => void vi.unstubAllEnvs());
  const place = await deployment(server.url);
  await place.client.tell(
    'orders.paid',
    { id: 'a1' },
    { delay: 604_800_000, messageId: 'reminder-a1', headers: { by: 'Ada' } },
  );
  const terminal = { env: { REDIS_URL: server.url } };
  const answers: string[] = [];
  const shown: string[] = [];
  for (const { args, printed } of examples()) {
    const given = args.map((arg) => place.named(arg).replace(/^files\./, `${folder}/files.`));
    const said = await commandAt(terminal, ...given, '--prefix', place.prefix);
    const answer = place.shown(shownAs(said, place.prefix));
    answers.push(answer);
    shown.push(printed);
    // Events that a command has stored are handled before the next one looks.
    await eventually(async () => expect(await place.service.length('orders.placed')).toBe(0));
  }
  if (process.env['PRINT_CLI'] === '1') print(answers);
  else expect(answers.map(alike)).toEqual(shown.map(alike));
});
