import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { APART } from './test/apart.js';
import { LongFirst } from './test/long-first.js';
import { takeOut } from './test/rules/take-out.js';

const demo = 'test/demo/**/*.spec.ts';
const model = 'test/model/model.spec.ts';
// Only by `npm run model -- --mutants`: it proves the model, not the library.
const mutants = 'test/model/mutants.spec.ts';
// Only by `npm run removals`: it proves the tests of the rules.
const removals = 'test/rules/removed.spec.ts';
/** Which part of a rule is taken out of the sources; set by that spec. */
const removed = process.env.RULE_REMOVED ?? '';

export default defineConfig({
  plugins: removed === '' ? [] : [takeOut(Number(removed))],
  resolve: {
    tsconfigPaths: true,
    // package.json leads to what is built of it, for the apps as they run.
    alias: {
      '#demo-contract': join(import.meta.dirname, 'apps/demo-contract/src/index.ts'),
    },
  },
  test: {
    globals: true,
    // Processes of their own: the tests open sockets and start timers, and some end servers.
    pool: 'forks',
    // More than cores that a small machine has, for most files wait more than they work; but few, for many measure time.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A second by default, which a busy machine takes.
    expect: { poll: { timeout: 10_000 } },
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'library',
          include: ['test/**/*.spec.ts', 'libs/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', demo, model, mutants, removals, ...APART],
          globalSetup: ['test/global-setup.ts'],
          // Files share a process: Nest, rxjs and the library are loaded twice, not three hundred times. So a file leaves
          // nothing behind that another one could see.
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'apart', include: APART, globalSetup: ['test/global-setup.ts'] },
      },
      {
        // Two minutes of random runs; longer by `npm run model`.
        extends: true,
        test: {
          name: 'model',
          include: process.env.MODEL_MUTANTS === undefined ? [model] : [mutants],
        },
      },
      {
        // Six processes that share out their load: they need the machine for themselves.
        extends: true,
        test: { name: 'demo', include: [demo], sequence: { groupOrder: 1 }, maxWorkers: 1 },
      },
      ...(process.env.RULE_REMOVALS === '1'
        ? [{ extends: true as const, test: { name: 'removals', include: [removals] } }]
        : []),
    ],
  },
});
