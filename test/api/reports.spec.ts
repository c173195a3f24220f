import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Declarations } from '../../scripts/api/declarations.js';
import {
  API,
  apiReports,
  libraryDeclarations,
  type KeptReport,
} from '../../scripts/api/reports.js';

/** The compiler infers the types of the library for it. */
const PATIENCE = 300_000;

/**
 * What declarations name and no entry exports, by entry: parts of other types, which nobody has to write down.
 * What a user has to name belongs into an entry instead.
 */
const PARTS: Readonly<Record<string, string>> = {
  'nestjs-redis-streams':
    'Args CodeFacts ConfigurableModuleClass Instruction Passed PassedCluster ' +
    'ProcessingEndHook ProcessingStartHook ' +
    'REFUSED_CLUSTER_OPTIONS REFUSED_REDIS_OPTIONS Whatever',
  'nestjs-redis-streams/contracts':
    'COMMAND Checked ClientMethod Count Counted EVENT Handler Json Made MarkOf Marked Method ' +
    'MethodKind OptionalOf Returned STREAMED Told Values Whatever',
  'nestjs-redis-streams/dashboard': 'ConfigurableModuleClass',
  'nestjs-redis-streams/threads': 'Several',
};

let declarations: Declarations;
let reports: readonly KeptReport[];
beforeAll(async () => {
  declarations = libraryDeclarations();
  reports = await apiReports(declarations);
}, PATIENCE);

const kept = (file: string): string =>
  existsSync(join(API, file)) ? readFileSync(join(API, file), 'utf8') : '';

/** Files of which the report is not what is kept, when a declaration file is changed. */
async function differing(file: string, from: string | RegExp, to: string): Promise<string[]> {
  const before = declarations.get(file) as string;
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  const changed = await apiReports(new Map([...declarations, [file, after]]));
  return changed.filter((report) => report.text !== kept(report.file)).map((one) => one.file);
}

it('what the entries export is what api/ says; if a change is meant: npm run api', () => {
  for (const { file, text } of reports) expect(text, file).toBe(kept(file));
  expect(readdirSync(API).toSorted()).toEqual(reports.map(({ file }) => file).toSorted());
});

it('what an entry names is exported by it or by another one', () => {
  const parts = reports
    .filter(({ unexported }) => unexported.length > 0)
    .map(({ entry, unexported }) => [entry, unexported.join(' ')]);
  expect(Object.fromEntries(parts)).toEqual(PARTS);
});

it('the entry for libraries exports everything that it names', () => {
  const entry = reports.find(({ file }) => file === 'internal.api.d.ts');
  expect(entry?.exported.length).toBeGreaterThan(20);
  expect(entry?.unexported).toEqual([]);
});

it('what is internal is in no report of another entry', () => {
  const others = reports.filter(({ file }) => file !== 'internal.api.d.ts');
  for (const { text } of others)
    expect(text).not.toMatch(/\b(accompany|shard\(|Delivery\b|Link\b)/);
});

it.each([
  [
    'an exported type is gone',
    'index.d.ts',
    /, type RedisStreamsErrorCode|type RedisStreamsErrorCode, /,
    '',
  ],
  ['an option is gone', 'options/client-options.d.ts', 'maxPending?: number;', ''],
  [
    'an option has another type',
    'options/client-options.d.ts',
    'maxPending?: number;',
    'maxPending?: string;',
  ],
  [
    'a part of an option has another type',
    'options/retention.d.ts',
    'readonly count?: number;',
    'readonly count: number;',
  ],
  ['a method takes more', 'nest/client-redis-streams.d.ts', 'connect():', 'connect(now: boolean):'],
])('sees that %s', async (_what, file, from, to) => {
  expect(await differing(file, from, to)).toContain('index.api.d.ts');
});

it.each([
  ['a comment', 'nest/client-redis-streams.d.ts', '/** Hot:', '/** It is hot:'],
  ['a private member', 'nest/client-redis-streams.d.ts', 'private readonly options;', ''],
])('does not mind %s', async (_what, file, from, to) => {
  expect(await differing(file, from, to)).toEqual([]);
});
