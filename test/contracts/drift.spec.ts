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
  Event,
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
