import { explore } from './explore.js';
import { MUTATIONS } from './mutations.js';

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

/** Seconds within which the model must notice that a rule is missing. */
const SECONDS = 60;

it.each(MUTATIONS)('notices when $name', { timeout: 2000 * SECONDS }, async (mutation) => {
  const putBack = mutation.apply();
  try {
    const seed = Math.floor(Math.random() * 1e9);
    const runs = Number.POSITIVE_INFINITY;
    const found = await explore({ seed, runs, seconds: SECONDS, faults: mutation.faults });
    process.stdout.write(`${mutation.name}: ${found.error?.message}, run ${found.runs}\n`);
    expect(found.error?.message).toMatch(mutation.violation);
  } finally {
    putBack();
  }
});
