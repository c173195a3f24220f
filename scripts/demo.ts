// `npm run demo`: the demo apps as processes around a real Redis. With --json the last line of the
// output is one JSON object; the narration then goes to stderr. With --dashboard it serves the page instead of
// telling the story, until it is interrupted.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { removeKeys } from './demo/remove-keys.js';
import { Scenario } from './demo/scenario.js';
import { showPage } from './demo/show-page.js';
import { shortcomings, summaryLines } from './demo/summary.js';
import { createView } from './demo/view.js';
import { startRedis } from '../tools/redis.js';

const wholeRunMs = 110_000;

const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({ options: { json: flag, dashboard: flag } });
const view = createView(values.json ? process.stderr : process.stdout);
const folder = mkdtempSync(join(tmpdir(), 'nrs-demo-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
if (!values.dashboard) {
  // Through process.exit, so that the exit listeners end what was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(130));
  setTimeout(() => {
    view.say(`the demo did not end within ${wholeRunMs} ms`);
    process.exit(1);
  }, wholeRunMs).unref();
}

const redis = await startRedis();
// Only the host is shown: the user's URL may hold a password.
view.say(`Redis from ${redis.from} at ${new URL(redis.url).host}`);
// The user's Redis may hold anything, so the demo uses only keys of its own.
const prefix = `nrs-demo-${randomUUID().slice(0, 8)}`;
const env = { REDIS_URL: redis.url, NRS_PREFIX: prefix };
const scenario = new Scenario({ env, folder }, view);

try {
  if (values.dashboard) await showPage({ env, folder }, view, { url: redis.url, prefix });
  else await tellStory();
} catch (error) {
  showOutputs();
  throw error;
} finally {
  if (redis.from === 'REDIS_URL') await removeKeys(redis.url, prefix);
  await redis.stop();
}
if (values.dashboard) process.exit();

async function tellStory(): Promise<void> {
  const result = await scenario.play();
  const problems = shortcomings(result);
  for (const line of summaryLines(result)) view.say(line);
  for (const problem of problems) view.say(`NOT AS PROMISED: ${problem}`);
  if (problems.length > 0) showOutputs();
  if (values.json) console.log(JSON.stringify(result));
  process.exitCode = problems.length > 0 ? 1 : 0;
}

function showOutputs(): void {
  for (const child of scenario.children) {
    view.say(`--- the last lines of ${child.name}`);
    child.lastLines(20).forEach((line) => view.say(line));
  }
}
