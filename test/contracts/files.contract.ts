import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import {
  Arg,
  Command,
  Contract,
  Event,
  remote,
  Streamed,
  type StandardSchema,
} from '../../libs/redis-stream-transport/src/contracts/index.js';

export class TagDto {
  @IsString() @Length(1, 8) name!: string;
}

export class FileDto {
  @IsString() name!: string;
  @IsInt() @Min(0) @Max(1_000) size!: number;
  @IsOptional() @IsString() owner?: string;
  @ValidateNested({ each: true }) @Type(() => TagDto) tags!: TagDto[];
}

export class Receipt {
  @IsString() id!: string;
  @Type(() => FileDto) file!: FileDto;

  get title(): string {
    return `${this.id} ${this.file.name}`;
  }
}

/** Known by its name on both sides, and by the code and details that it carries. */
export class QuotaExceeded extends Error {
  readonly code = 'QUOTA';

  constructor(readonly details: { readonly limit: number }) {
    super(`more than ${details.limit}`);
  }

  get limit(): number {
    return this.details.limit;
  }
}

/** A schema without a library: an even number, or its text. */
export const even: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const number = Number(value);
      if (number % 2 === 0) return { value: number };
      return { issues: [{ message: 'must be even', path: ['n', { key: 0 }] }] };
    },
  },
};

@Contract({ name: 'files', version: '1.2.0', namespace: 'media', errors: [QuotaExceeded] })
export abstract class FilesContract {
  @Command({ doc: 'Stores a file.', returns: () => Receipt, optional: 1 })
  upload(file: FileDto, mode: string = 'replace'): Command<Receipt> {
    return remote(file, mode);
  }

  @Command({ rest: () => String })
  join(separator: string, ...parts: string[]): Command<string> {
    return remote(separator, ...parts);
  }

  @Command({ optional: 2 })
  find(name: string, limit?: number, after?: Date): Command<unknown[]> {
    return remote(name, limit, after);
  }

  @Command()
  tag(@Arg(() => [TagDto]) tags: TagDto[]): Command<number> {
    return remote(tags);
  }

  @Command()
  half(@Arg(() => even, { name: 'number' }) n: number): Command<number> {
    return remote(n);
  }

  @Command()
  echo(value: unknown): Command<unknown> {
    return remote(value);
  }

  @Command()
  fail(kind: string): Command {
    return remote(kind);
  }

  @Event({ doc: 'A file is gone.' })
  removed(file: FileDto): Event {
    return remote(file);
  }

  @Streamed({ returns: () => TagDto })
  tags(count: number): Streamed<TagDto> {
    return remote(count);
  }

  @Streamed({ optional: 1 })
  ticks(count: number, pause?: number): Streamed<number> {
    return remote(count, pause);
  }

  /** Not declared: for the use of whoever has the class. */
  describe(): string {
    return 'files';
  }
}
