import { Parser } from '@asyncapi/parser';
import {
  asyncApiDocument,
  contractSchema,
  type ContractSchema,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { complaintsAboutDocument } from './asyncapi-complaints.js';
import { FilesContract } from './files.contract.js';

const complaints = (schema: ContractSchema): Promise<string[]> =>
  complaintsAboutDocument(asyncApiDocument(schema));

test('X24 the official parser finds nothing wrong with the document of a contract', async () => {
  expect(await complaints(await contractSchema(FilesContract))).toEqual([]);
});

test('X24 nor with what schemas of other libraries and odd names make of it', async () => {
  const schema: ContractSchema = {
    name: 'odd-1',
    version: '1.0.0',
    doc: 'Odd.',
    hash: '',
    methods: {
      'a/b~c': {
        kind: 'command',
        pattern: 'odd-1.a/b~c',
        parameters: [
          {
            name: 'pair',
            schema: {
              $schema: 'https://json-schema.org/draft/2020-12/schema',
              type: 'array',
              prefixItems: [{ type: 'string' }, { $ref: '#/$defs/Node' }],
              items: false,
            } as object,
          },
          { name: 'away', optional: true, schema: { $ref: 'file:///etc/passwd' } },
          { name: 'none', optional: true, schema: { type: 'array', items: false } },
          { name: 'more', rest: true, schema: { enum: [{ prefixItems: 1 }, null] } },
        ],
        returns: {},
      },
      told: { kind: 'event', pattern: 'odd-1.told', parameters: [], returns: {} },
    },
    $defs: { Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } } },
  };
  expect(await complaints(schema)).toEqual([]);
  const { channels } = asyncApiDocument(schema) as unknown as {
    channels: Record<string, { messages: Record<string, { payload: object }> }>;
  };
  expect(channels['told']?.messages['call']?.payload).toEqual({
    type: 'array',
    minItems: 0,
    maxItems: 0,
  });
  expect(channels['a/b~c']?.messages['call']?.payload).toMatchObject({
    minItems: 1,
    items: [
      {
        title: 'pair',
        allOf: [
          {
            type: 'array',
            items: [{ type: 'string' }, { $ref: '#/components/schemas/Node' }],
            additionalItems: false,
          },
        ],
      },
      { title: 'away', allOf: [{ anyOf: [{}, {}] }] },
      { title: 'none', allOf: [{ anyOf: [{ type: 'array', maxItems: 0 }, {}] }] },
    ],
    additionalItems: { enum: [{ prefixItems: 1 }, null] },
  });
});

test('X24 it has a channel for each method, and the replies of those that answer', async () => {
  const { document } = await new Parser().parse(
    asyncApiDocument(await contractSchema(FilesContract)),
  );
  const operations = document!.operations().all();
  expect(operations.map((one) => [one.id(), one.action(), one.reply() !== undefined])).toEqual(
    ['upload', 'join', 'find', 'tag', 'half', 'echo', 'fail', 'removed', 'tags', 'ticks'].map(
      (name) => [name, 'receive', name !== 'removed'],
    ),
  );
  const upload = document!.channels().get('upload')!;
  expect(upload.address()).toBe('media.files.upload');
  expect(document!.components().schemas().get('FileDto')?.json()).toMatchObject({
    required: ['name', 'size'],
  });
});
