import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import {
  clientSource,
  contractSchema,
  type ContractSchema,
  type JsonSchema,
  type StreamedReply,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { typeText } from '../../libs/redis-stream-transport/src/contracts/generate/type-text.js';
import { FilesContract } from './files.contract.js';
import { FilesController } from './files.controller.js';
import { filesClient, type FileDto, type FilesClient } from './generated/files.client.js';
import { serve, type TransportName } from './support.js';

const FIXTURE = join(import.meta.dirname, 'generated/files.client.ts');
const ROOT = join(import.meta.dirname, '../..');

// The checks of the repository compile that file under `strict`; with `npm run lint` they lint it.
test('P11 the source of a client is what stands in generated/files.client.ts', async () => {
  const source = clientSource(await contractSchema(FilesContract));
  if (process.env['UPDATE'] !== undefined) writeFileSync(FIXTURE, source);
  expect(source).toBe(readFileSync(FIXTURE, 'utf8'));
});

test('P11 it lints clean, with the rules of this repository', () => {
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const run = (): string =>
    execFileSync(process.execPath, [oxlint, '--deny-warnings', FIXTURE], {
      cwd: ROOT,
      encoding: 'utf8',
    });
  expect(run()).toContain('0 warnings and 0 errors');
});

/* oxlint-disable vitest/expect-expect -- the compiler expects */
test('it has the types of the contract', () => {
  expectTypeOf<Parameters<FilesClient['upload']>>().toEqualTypeOf<[file: FileDto, mode?: string]>();
  expectTypeOf<FilesClient['join']>().parameters.toEqualTypeOf<
    [separator: string, ...parts: string[]]
  >();
  expectTypeOf<Parameters<FilesClient['find']>[2]>().toEqualTypeOf<Date | undefined>();
  expectTypeOf<FilesClient['removed']>().returns.toEqualTypeOf<Promise<void>>();
  expectTypeOf<FilesClient['ticks']>().returns.toEqualTypeOf<StreamedReply<unknown>>();
  expectTypeOf<FileDto['owner']>().toEqualTypeOf<string | null | undefined>();
  // @ts-expect-error a file is no text
  void ((files: FilesClient) => files.upload('text'));
  // @ts-expect-error the size is missing
  void ((files: FilesClient) => files.upload({ name: 'a', tags: [] }));
});
/* oxlint-enable vitest/expect-expect */

test.each<TransportName>(['redis-streams', 'tcp'])('it calls the service over %s', async (name) => {
  const { proxy } = await serve({ controllers: [FilesController] }, name);
  const files = filesClient(proxy);
  const file: FileDto = { name: 'a', size: 1, tags: [{ name: 't' }] };
  expect(await files.upload(file)).toMatchObject({ id: 'replace-1', file });
  expect(await files.find('x', undefined, new Date(0))).toEqual(['x', undefined, new Date(0)]);
  expect(await files.join('-', 'a', 'b')).toBe('a-b');
  const ticks: unknown[] = [];
  for await (const tick of files.ticks(3)) ticks.push(tick);
  expect(ticks).toEqual([0, 1, 2]);
  await files.removed(file);
  await expect(files.upload({ ...file, size: -1 })).rejects.toMatchObject({
    code: 'VALIDATION',
    details: [{ property: 'file.size' }],
  });
  // @ts-expect-error one argument too few, which a program without types would not notice
  await expect(files.upload()).rejects.toMatchObject({ code: 'VALIDATION' });
  await expect(files.fail('quota')).rejects.toMatchObject({ name: 'QuotaExceeded', code: 'QUOTA' });
});

test.each<[JsonSchema | object, string]>([
  [{}, 'unknown'],
  [{ type: 'integer' }, 'number'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ enum: ['a', 1, null] }, '"a" | 1 | null'],
  [{ const: 'a"b' }, '"a\\"b"'],
  [{ type: 'array' }, 'unknown[]'],
  [{ type: 'array', items: { type: ['string', 'number'] } }, '(string | number)[]'],
  [{ type: 'array', items: false }, '[]'],
  [
    {
      type: 'array',
      prefixItems: [{ type: 'string' }, { type: 'null' }],
      minItems: 1,
      items: false,
    },
    '[string, null?]',
  ],
  [{ type: 'array', prefixItems: [{ type: 'string' }] }, '[string?, ...unknown[]]'],
  [{ type: 'object' }, 'Record<string, unknown>'],
  [{ type: 'object', additionalProperties: { type: 'number' } }, 'Record<string, number>'],
  [
    { type: 'object', properties: { a: { type: 'string' }, 'b-c': {} }, required: ['a'] },
    '{ a: string; "b-c"?: unknown }',
  ],
  [{ oneOf: [{ type: 'string' }, { type: 'boolean' }] }, 'string | boolean'],
  [{ allOf: [{ $ref: '#/$defs/A' }, { type: 'object' }] }, 'B & Record<string, unknown>'],
  [{ $ref: '#/$defs/Unheard' }, 'unknown'],
  [{ $ref: 'https://elsewhere' }, 'unknown'],
  [{ type: 'object', properties: { $date: {} }, required: ['$date'] }, 'Date'],
  [{ type: 'object', properties: { $bigint: {} }, required: ['$bigint'] }, 'bigint'],
  [{ type: 'strange' }, 'unknown'],
  [false as never, 'never'],
])('%j is the type %s', (schema, type) => {
  expect(typeText(schema, new Map([['A', 'B']]))).toBe(type);
});

/** What a stranger could announce. */
const hostile: ContractSchema = {
  name: 'x',
  version: '1.0.0\nimport "fs"; //',
  doc: 'ends */ throw 1; /* here',
  hash: '',
  methods: {
    'a(): void }; throw 2; interface B {': {
      kind: 'command',
      pattern: 'x.a',
      doc: 'one */ throw 3;\u2028throw 4;',
      parameters: [
        { name: 'class', schema: {} },
        { name: 'same', schema: { enum: ['"; throw 5; "'] }, optional: true },
        { name: 'same', schema: { $ref: '#/$defs/Bad name; throw 6' } },
        {
          name: 'x = throw7()',
          doc: 'line\nline',
          rest: true,
          schema: { type: ['string', 'null'] },
        },
      ],
      returns: { type: 'object', properties: { 'a: 1 }; throw 8; type X = { b': {} } },
    },
  },
  $defs: {
    'Bad name; throw 6': { type: 'object', properties: { 'x y': { type: 'string' } } },
    XClient: { type: 'string' },
    Date: { type: 'number' },
    interface: { type: 'null' },
  },
};

test('names and texts of a stranger do not become code', () => {
  const source = clientSource(hostile);
  const file = ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest, true);
  const { diagnostics = [] } = ts.transpileModule(source, { reportDiagnostics: true });
  expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
  const kinds = file.statements.map(({ kind }) => ts.SyntaxKind[kind]);
  expect(new Set(kinds)).toEqual(
    new Set([
      'ImportDeclaration',
      'InterfaceDeclaration',
      'TypeAliasDeclaration',
      'FunctionDeclaration',
      'FirstStatement',
    ]),
  );
  expect(source).toContain('(arg0: unknown, same: "\\"; throw 5; \\"" | undefined, same2:');
  expect(source).toContain('...x___throw7__: (string | null)[])');
});
