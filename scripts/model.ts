// Runs the model-based test for as long as one likes, a single seed of it, or the proof that it can fail:
//   npm run model -- --minutes 60
//   npm run model -- --seed 12345
//   npm run model -- --mutants
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    mutants: { type: 'boolean', default: false },
  },
});

const env = { ...process.env };
for (const [name, text, scale] of [
  ['MODEL_SECONDS', values.minutes, 60],
  ['MODEL_SEED', values.seed, 1],
] as const) {
  if (text === undefined) continue;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) {
    console.error(`not a number: ${text}`);
    process.exit(2);
  }
  env[name] = String(number * scale);
}
if (values.mutants) env.MODEL_MUTANTS = '1';

const vitest = ['vitest', 'run', '--project', 'model'];
const { status } = spawnSync('npx', vitest, { env, stdio: 'inherit' });
process.exit(status ?? 1);
