import { defineConfig } from 'vitest/config';

const demo = 'test/demo/**/*.spec.ts';

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    globals: true,
    // Processes of their own: the tests open sockets and start timers, and some end servers.
    pool: 'forks',
    // Each file talks to the same single-threaded Redis, and many of them measure time.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'library',
          include: ['test/**/*.spec.ts', 'libs/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', demo],
          globalSetup: ['test/global-setup.ts'],
        },
      },
      {
        // Six processes that share out their load: they need the machine for themselves.
        extends: true,
        test: { name: 'demo', include: [demo], sequence: { groupOrder: 1 } },
      },
    ],
  },
});
