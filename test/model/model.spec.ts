import { explore } from './explore.js';

vi.mock('../../libs/redis-stream-transport/src/redis/link.js', async () => ({
  Link: (await import('./stepped-link.js')).SteppedLink,
}));
vi.mock(
  '../../libs/redis-stream-transport/src/engine/producer/sending/pack-widths.js',
  () => import('./small-packs.js'),
);
vi.mock('node:crypto', async (original) => {
  const { chance } = await import('./dice.js');
  return { ...(await original<object>()), randomBytes: (n: number) => chance.dice.bytes(n) };
});

/** Seconds; `npm run model` sets them, and a seed to be repeated. */
const SECONDS = Number(process.env.MODEL_SECONDS ?? 120);
const SEED = process.env.MODEL_SEED;

it('keeps its promises whatever breaks', { timeout: (SECONDS + 60) * 1000 }, async () => {
  const seed = SEED === undefined ? Math.floor(Math.random() * 1e9) : Number(SEED);
  const runs = SEED === undefined ? Number.POSITIVE_INFINITY : 1;
  const found = await explore({ seed, runs, seconds: SECONDS });
  process.stdout.write(`model: ${found.runs} runs from seed ${seed}\n`);
  const said = [
    `seed ${found.seed}, run ${found.runs}: ${found.error?.message}`,
    `faults: ${found.faults.join(', ')}`,
    ...found.trace,
    `repeat it with: npm run model -- --seed ${found.seed}`,
  ];
  expect(found.error, said.join('\n')).toBeUndefined();
});
