import { createRequire } from 'node:module';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsCreditCard,
  IsDate,
  IsEmail,
  IsEnum,
  IsIn,
  IsInstance,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import {
  argumentsSchema,
  Command,
  Contract,
  contractClient,
  contractSchema,
  generic,
  remote,
  toRich,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { FilesContract } from './files.contract.js';
import { failure } from './support.js';

class Node {
  @IsString() @Length(1, 8) @Matches(/^[a-z]+$/) name!: string;
  @IsInt() @Min(0) @Max(9) n!: number;
  @IsOptional() @IsBoolean() flag?: boolean;
  @IsEnum({ A: 'a', B: 'b' }) kind!: 'a' | 'b';
  @IsIn([1, 2]) choice!: number;
  @IsDate() at!: Date;
  @IsInstance(Buffer) bytes!: Buffer;
  @IsString({ each: true }) @ArrayMaxSize(3) words!: string[];
  @IsEmail() mail!: string;
  @IsCreditCard() card!: string;
  @ValidateNested() @Type(() => Node) next?: Node;
  @ValidateNested({ each: true }) @Type(() => Node) children!: Node[];
}

class Box<T> {
  @IsArray() items!: T[];
}

@Contract({ name: 'nodes', version: '1.0.0', doc: 'Nodes.' })
abstract class NodesContract {
  @Command({ doc: 'Puts one.', optional: 2, returns: () => [Node] })
  put(node: Node, mode: string = 'add', at: Date = new Date()): Command<Node[]> {
    return remote(node, mode, at);
  }
  @Command({ rest: () => Number, returns: () => generic(Box, { items: [Node] }) })
  sum(first: bigint, ...others: number[]): Command<Box<Node>> {
    return remote(first, ...others);
  }
}

test('a contract as data', async () => {
  const schema = await contractSchema(NodesContract);
  expect(schema).toMatchObject({ name: 'nodes', version: '1.0.0', doc: 'Nodes.' });
  expect(schema.hash).toMatch(/^[\w-]{43}$/);
  const { put, sum } = schema.methods;
  expect(put).toEqual({
    kind: 'command',
    pattern: 'nodes.put',
    doc: 'Puts one.',
    parameters: [
      { name: 'node', schema: { $ref: '#/$defs/Node' } },
      { name: 'mode', optional: true, default: 'add', schema: { type: 'string' } },
      { name: 'at', optional: true, schema: expect.objectContaining({ required: ['$date'] }) },
    ],
    returns: { type: 'array', items: { $ref: '#/$defs/Node' } },
  });
  expect(sum!.parameters[1]).toEqual({ name: 'others', rest: true, schema: { type: 'number' } });
  expect(sum!.returns).toMatchObject({
    title: 'Box',
    properties: { items: { type: 'array', items: { $ref: '#/$defs/Node' } } },
  });
  const { properties, required } = schema.$defs['Node']!;
  expect(properties).toMatchObject({
    name: { type: 'string', minLength: 1, maxLength: 8, pattern: '^[a-z]+$' },
    n: { type: 'integer', minimum: 0, maximum: 9 },
    flag: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
    kind: { enum: ['a', 'b'] },
    choice: { enum: [1, 2] },
    at: { required: ['$date'] },
    bytes: { required: ['$bytes'] },
    words: { type: 'array', maxItems: 3, items: { type: 'string' } },
    mail: { format: 'email' },
    card: { type: 'string', 'x-rules': ['isCreditCard'] },
    next: { $ref: '#/$defs/Node' },
    children: { type: 'array', items: { $ref: '#/$defs/Node' } },
  });
  expect(required!.toSorted()).toEqual([
    'at',
    'bytes',
    'card',
    'choice',
    'kind',
    'mail',
    'n',
    'name',
    'words',
  ]);
});

test('the hash stands for what is compared, not for words', async () => {
  const make = async (doc: string, other: boolean): Promise<string> => {
    @Contract({ name: 'h', version: '1.0.0', doc })
    abstract class One {
      @Command({ doc }) run(a: string): Command {
        return remote(a);
      }
    }
    @Contract({ name: 'h', version: '2.0.0', doc })
    abstract class Other {
      @Command({ doc }) run(b: number): Command {
        return remote(b);
      }
    }
    return (await contractSchema(other ? Other : One)).hash;
  };
  expect(await make('x', false)).toBe(await make('y', false));
  expect(await make('x', false)).not.toBe(await make('x', true));
});

/** Ajv is there with other packages; the library does not need it. */
interface Validator {
  compile(schema: object): (value: unknown) => boolean;
}
const require = createRequire(import.meta.url);
const Ajv = require('ajv/dist/2020').default as new (options: object) => Validator;
const addFormats = require('ajv-formats') as (ajv: Validator) => void;

test('a validator of JSON Schema judges as the contract does', async () => {
  const { methods, $defs } = await contractSchema(FilesContract);
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  const file = { name: 'a', size: 1, tags: [{ name: 'x' }] };
  const calls: [string, unknown[], boolean][] = [
    ['upload', [file], true],
    ['upload', [file, 'mode'], true],
    ['upload', [{ ...file, owner: null }], true],
    ['upload', [file, 5], false],
    ['upload', [file, 'mode', 1], false],
    ['upload', [], false],
    ['upload', [{ ...file, size: 1.5 }], false],
    ['upload', [{ ...file, tags: [{ name: '' }] }], false],
    ['join', ['-'], true],
    ['join', ['-', 'a', 'b'], true],
    ['join', ['-', 'a', 5], false],
    ['find', ['n', undefined, new Date()], true],
    ['find', ['n', 5, 'today'], false],
  ];
  const proxy = { send: () => expect.fail('sent') } as never;
  const client = contractClient(FilesContract, proxy) as never as Record<
    string,
    (...args: unknown[]) => Promise<unknown>
  >;
  for (const [name, args, valid] of calls) {
    const validate = ajv.compile(argumentsSchema(methods[name]!, $defs));
    expect([name, args, validate(toRich(args))]).toEqual([name, args, valid]);
    if (!valid) expect(await failure(client[name]!(...args))).toMatchObject({ code: 'VALIDATION' });
  }
});
