import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { read, ROOT } from '../docs/documents.js';

// With NRS_TEST_CLUSTER=1 all tests of these folders play on three masters, and none stays on the one Redis unnoticed.

const FOLDERS = ['conformance', 'integration', 'nest', 'contracts', 'cli', 'docs', 'support'];

/** Who may name the one Redis, and why. */
const REASONS: Record<string, string> = {
  'test/conformance/transports.ts': 'that of Nest’s own Redis transport',
  'test/nest/moving.spec.ts': 'that of Nest’s own Redis transport',
  'test/nest/side-by-side.spec.ts': 'that of Nest’s own Redis transport',
  'test/contracts/command.ts': 'where there is no Cluster',
  'test/docs/readme.spec.ts':
    'the README names one server; test/cluster has its options for several',
  'test/support/redis.ts': 'where it is',
  'test/support/place.ts': 'where there is no Cluster',
};

const files = FOLDERS.flatMap((folder) =>
  (readdirSync(join(ROOT, 'test', folder), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('test', folder, file)),
);

/** By its name, or as what a helper connects to unless it is told. */
const ONE_REDIS = /inject\('redisUrl'\)|import \{[^}]*\bredisUrl\b[^}]*\} from|(?<![.\w])redis\(\)/;

test('only these name the one Redis', () => {
  const found = files.filter((file) => ONE_REDIS.test(read(file)));
  expect(found.toSorted()).toEqual(Object.keys(REASONS).toSorted());
});

test('a place that has a url of its own is a private server, or where nothing answers', () => {
  const places = files.flatMap((file) =>
    [...read(file).matchAll(/new (?:Test(?:Service|Brokers)|Place)\(\{\s*url\b:?\s*([^,}]*)/g)].map(
      ([, url]) => [file, url!.trim()] as const,
    ),
  );
  expect(places.length).toBeGreaterThan(20);
  for (const [file, url] of places) {
    if (/redis:\/\/127\.0\.0\.1:(9'|\$)|deadUrl/.test(url)) continue;
    expect(read(file), file).toMatch(
      /start(?:Private|Durable)Redis|Replicated\.start|createServer/,
    );
  }
});
