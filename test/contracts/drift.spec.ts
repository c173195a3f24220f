import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, ValidateNested } from 'class-validator';
import {
  checkOutcome,
  Command,
  compareContracts,
  Contract,
  type ContractClass,
  type ContractComparison,
  contractSchema,
  type ContractSchema,
  Event,
  type JsonSchema,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';

/** What clients were built against. */
class Tag {
  @IsString() name!: string;
}
class File {
  @IsString() name!: string;
  @IsInt() @Max(100) size!: number;
  @IsOptional() @IsString() owner?: string;
  @IsIn(['a', 'b']) kind!: string;
  @ValidateNested({ each: true }) @Type(() => Tag) tags!: Tag[];
  @ValidateNested() @Type(() => File) parent?: File;
}

@Contract({ name: 'files', version: '1.0.0' })
abstract class V1 {
  @Command({ returns: () => File }) put(file: File): Command<File> {
    return remote(file);
  }
  @Command({ optional: 1 }) remove(name: string, force?: boolean): Command {
    return remote(name, force);
  }
  @Event() told(name: string): Event {
    return remote(name);
  }
}

const compare = async (client: ContractClass, server: ContractClass): Promise<ContractComparison> =>
  compareContracts(await contractSchema(client), await contractSchema(server));

/** A contract with one method that takes this class. */
const taking = (type: new () => object, version = '1.1.0', returns = Object): ContractClass => {
  abstract class Taking {
    put(file: object): Command<unknown> {
      return remote(file);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Taking.prototype, 'put')!;
  Command({ returns: () => returns as never })(Taking.prototype, 'put', descriptor as never);
  Reflect.defineMetadata('design:paramtypes', [type], Taking.prototype, 'put');
  Contract({ name: 'files', version })(Taking);
  return Taking;
};
const told = ({ breaking }: ContractComparison): string[] =>
  breaking.map(({ method, path, kind, text }) => `${kind} ${method} ${path}: ${text}`);

describe('M8 a server that changed', () => {
  test('not at all', async () => {
    expect(await compare(V1, V1)).toMatchObject({ breaking: [], additions: [] });
  });

  test('by an optional field, an optional parameter and a method', async () => {
    class More extends File {
      @IsOptional() @IsString() colour?: string;
    }
    @Contract({ name: 'files', version: '1.1.0' })
    abstract class Grown {
      @Command({ returns: () => More, optional: 1 }) put(file: More, mode?: string): Command<More> {
        return remote(file, mode);
      }
      @Command({ optional: 2 }) remove(name: string, force?: boolean, at?: Date): Command {
        return remote(name, force, at);
      }
      @Event() told(name: string): Event {
        return remote(name);
      }
      @Command() added(): Command {
        return remote();
      }
    }
    const comparison = await compare(V1, Grown);
    expect(told(comparison)).toEqual([]);
    expect(comparison.additions).toContainEqual(
      expect.objectContaining({ method: 'added', path: '' }),
    );
    // The other way round the client is the newer one: what it may send besides is no removal.
    const other = await compare(Grown, V1);
    expect(told(other)).toEqual(['removed added : is not served']);
  });

  test('by a method that is gone, or of another kind', async () => {
    @Contract({ name: 'files', version: '2.0.0' })
    abstract class Less {
      @Command({ returns: () => File }) put(file: File): Command<File> {
        return remote(file);
      }
      @Event() remove(name: string): Event {
        return remote(name);
      }
    }
    expect(told(await compare(V1, Less))).toEqual([
      'removed remove : command became event',
      'removed told : is not served',
    ]);
  });

  test('by parameters', async () => {
    @Contract({ name: 'files', version: '2.0.0' })
    abstract class Other {
      @Command() put(): Command<unknown> {
        return remote();
      }
      @Command() remove(name: number, force: boolean, why: string): Command {
        return remote(name, force, why);
      }
      @Event() told(name: string): Event {
        return remote(name);
      }
    }
    expect(told(await compare(V1, Other))).toEqual([
      'removed put file: does not exist there',
      'narrowed put result: any value became File',
      'narrowed remove name: string became number',
      'required remove force: became required',
      'required remove why: is required and not known',
    ]);
  });

  test('by a type that is narrower, in fields of fields', async () => {
    class NarrowTag {
      @IsInt() name!: number;
    }
    class Narrow {
      @IsString() name!: string;
      @IsInt() @Max(50) size!: number;
      @IsString() owner!: string;
      @IsIn(['a', 'c']) kind!: string;
      @ValidateNested({ each: true }) @Type(() => NarrowTag) tags!: NarrowTag[];
      @ValidateNested() @Type(() => Narrow) parent?: Narrow;
    }
    expect(told(await compare(taking(File), taking(Narrow)))).toEqual([
      'required put file.owner: became required',
      'narrowed put file.kind: "b" is not taken any more',
      'narrowed put file.size: maximum 100 became 50',
      'narrowed put file.tags[].name: string became integer',
    ]);
    // Wider is compatible.
    class Wide {
      @IsString() name!: string;
      @IsInt() @Max(500) size!: number;
      @IsOptional() @IsString() owner?: string;
      @IsIn(['a', 'b', 'c']) kind!: string;
      @ValidateNested({ each: true }) @Type(() => Tag) tags!: Tag[];
      @ValidateNested() @Type(() => File) parent?: File;
    }
    expect(told(await compare(taking(File), taking(Wide)))).toEqual([]);
  });

  test('by a field with another name', async () => {
    class Old {
      @IsString() name!: string;
      @IsOptional() @IsString() note?: string;
    }
    class New {
      @IsString() title!: string;
      @IsOptional() @IsString() remark?: string;
    }
    expect(told(await compare(taking(Old), taking(New)))).toEqual([
      'required put file.title: is required and not known',
      'removed put file.name: does not exist there',
      'removed put file.note: does not exist there',
    ]);
  });

  test('by results: what is lost breaks, what is new does not', async () => {
    class Old {
      @IsString() id!: string;
      @IsIn(['a', 'b']) state!: string;
      @IsString() sure!: string;
    }
    class New {
      @IsIn(['a', 'b', 'c']) state!: string;
      @IsOptional() @IsString() sure?: string;
      @IsString() more!: string;
    }
    const comparison = await compare(
      taking(Tag, '1.0.0', Old as never),
      taking(Tag, '1.1.0', New as never),
    );
    expect(told(comparison)).toEqual([
      'removed put result.id: is not sent any more',
      'narrowed put result.sure: may be missing',
      'narrowed put result.state: "c" is not taken any more',
    ]);
    expect(comparison.additions.map(({ path }) => path)).toEqual(['result.more']);
  });
});

describe('M9 what follows', () => {
  const broken = async () => {
    class Other {
      @IsInt() name!: number;
    }
    return compare(taking(Tag, '1.0.0'), taking(Other, '2.0.0'));
  };

  test.each([
    ['off', false, 'pass'],
    ['warn', false, 'warn'],
    ['strict', false, 'fail'],
    ['off', true, 'fail'],
    ['warn', true, 'fail'],
  ] as const)('a client that is %s, a server that forces: %s', async (mode, force, action) => {
    const outcome = checkOutcome(mode, await broken(), force);
    expect(outcome.action).toBe(action);
    expect(outcome.lines).toEqual(
      action === 'pass'
        ? []
        : [
            'files: this client has 1.0.0, the server 2.0.0, and they do not fit',
            '  put: file.name string became integer',
          ],
    );
  });

  test('an absent server is a warning at most', () => {
    expect(checkOutcome('strict', undefined, true).action).toBe('warn');
    expect(checkOutcome('warn', undefined).lines).toHaveLength(1);
    expect(checkOutcome('off', undefined)).toEqual({ action: 'pass', lines: [] });
  });

  test('what fits is not talked about', async () => {
    expect(checkOutcome('strict', await compare(V1, V1), true)).toEqual({
      action: 'pass',
      lines: [],
    });
  });
});

describe('contracts that are hard to compare', () => {
  class Leaf {
    @IsString() name!: string;
    @IsOptional() @ValidateNested() @Type(() => Leaf) next?: Leaf;
    @IsOptional() @ValidateNested({ each: true }) @Type(() => Leaf) more?: Leaf[];
  }

  test('a class that optionally contains itself fits itself', async () => {
    class Same {
      @IsString() name!: string;
      @IsOptional() @ValidateNested() @Type(() => Same) next?: Same;
      @IsOptional() @ValidateNested({ each: true }) @Type(() => Same) more?: Same[];
    }
    const comparison = await compare(taking(Leaf, '1.0.0'), taking(Same, '1.0.1'));
    expect(comparison).toMatchObject({ breaking: [], notCompared: [] });
  });

  test('a class that optionally contains itself and another class differ where they differ', async () => {
    class Other {
      @IsInt() name!: number;
      @IsOptional() @ValidateNested() @Type(() => Other) next?: Other;
    }
    const comparison = await compare(taking(Leaf, '1.0.0'), taking(Other, '2.0.0'));
    expect(told(comparison)).toEqual([
      'removed put file.more: does not exist there',
      'narrowed put file.name: string became integer',
    ]);
  });

  /** A contract with one argument of this type. */
  const contract = (schema: JsonSchema, $defs: Record<string, JsonSchema>, hash: string) =>
    ({
      name: 'c',
      version: '1.0.0',
      hash,
      methods: {
        put: {
          kind: 'command',
          pattern: 'c.put',
          parameters: [{ name: 'it', schema }],
          returns: {},
        },
      },
      $defs,
    }) as const satisfies ContractSchema;

  /** Unions in unions: each of `width` variants holds the union of the next level. */
  function unions(width: number, levels: number, last: string): Record<string, JsonSchema> {
    const $defs: Record<string, JsonSchema> = {};
    for (let level = 0; level < levels; level++) {
      const variants = Array.from({ length: width }, (_, i) => ({
        type: 'object',
        properties: {
          kind: { type: 'string', enum: [`${i}`] },
          held: level + 1 < levels ? { $ref: `#/$defs/L${level + 1}` } : { type: last },
        },
        required: ['kind', 'held'],
      }));
      $defs[`L${level}`] = { anyOf: variants };
    }
    return $defs;
  }
  const L0 = { $ref: '#/$defs/L0' };

  test('unions in unions are compared pair by pair, not way by way', () => {
    const same = compareContracts(
      contract(L0, unions(10, 3, 'string'), 'one'),
      contract(L0, unions(10, 3, 'string'), 'other'),
    );
    expect(same).toMatchObject({ breaking: [], notCompared: [] });
    const other = compareContracts(
      contract(L0, unions(10, 6, 'string'), 'one'),
      contract(L0, unions(10, 6, 'number'), 'other'),
    );
    expect(other.notCompared).toEqual([]);
    expect(other.breaking[0]).toMatchObject({ method: 'put', kind: 'narrowed' });
    expect(other.breaking.length).toBeLessThanOrEqual(100);
  });

  test('what fits only if something else does is judged anew when that does not', () => {
    // B fits B' only if A fits A', which it does not, because of what comes after B in it.
    const schemas = (last: string): Record<string, JsonSchema> => ({
      A: {
        type: 'object',
        properties: { b: { $ref: '#/$defs/B' }, z: { type: last } },
        required: ['b', 'z'],
      },
      B: { type: 'object', properties: { a: { $ref: '#/$defs/A' } }, required: ['a'] },
    });
    const either = (name: string): JsonSchema => ({
      type: 'object',
      properties: {
        first: { anyOf: [{ $ref: '#/$defs/A' }, { type: 'null' }] },
        [name]: { $ref: '#/$defs/B' },
      },
    });
    const { breaking } = compareContracts(
      contract(either('second'), schemas('string'), 'one'),
      contract(either('second'), schemas('number'), 'other'),
    );
    expect(breaking.map(({ path }) => path)).toEqual(['it.first.z', 'it.second.a.z']);
  });

  test('what is too large or too deep is named as not compared, and is no reason to refuse calls', () => {
    const chain = (last: string): Record<string, JsonSchema> =>
      Object.fromEntries(
        Array.from({ length: 5000 }, (_, i) => [
          `L${i}`,
          i === 4999
            ? { type: last }
            : { type: 'object', properties: { next: { $ref: `#/$defs/L${i + 1}` } } },
        ]),
      );
    const comparison = compareContracts(
      contract(L0, chain('string'), 'one'),
      contract(L0, chain('number'), 'other'),
    );
    expect(comparison).toMatchObject({ breaking: [], notCompared: ['put'] });
    expect(checkOutcome('strict', comparison)).toEqual({
      action: 'warn',
      lines: ['c: not compared: put'],
    });
    expect(checkOutcome('off', comparison).action).toBe('pass');
  });

  test('references in a circle describe nothing', () => {
    const circle = { L0: { $ref: '#/$defs/L1' }, L1: { $ref: '#/$defs/L0' } };
    const comparison = compareContracts(
      contract(L0, circle, 'one'),
      contract(L0, { L0: { type: 'string' } }, 'other'),
    );
    expect(comparison.breaking).toHaveLength(1);
  });
});
