import { Controller } from '@nestjs/common';
import { IsInt, IsOptional, IsString, Max } from 'class-validator';
import {
  Command,
  Contract,
  Implements,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';

// What the client has, and what became of it on the server.

export class File {
  @IsString() name!: string;
  @IsInt() @Max(100) size!: number;
}

@Contract({ name: 'drift', version: '1.0.0' })
export abstract class V1 {
  @Command() put(file: File): Command<string> {
    return remote(file);
  }
  @Command() remove(name: string): Command<string> {
    return remote(name);
  }
}

class FileWithNote extends File {
  @IsOptional() @IsString() note?: string;
}

@Contract({ name: 'drift', version: '1.1.0' })
export abstract class Grown {
  @Command() put(file: FileWithNote): Command<string> {
    return remote(file);
  }
  @Command() remove(name: string): Command<string> {
    return remote(name);
  }
}

@Contract({ name: 'drift', version: '2.0.0' })
export abstract class Lessened {
  @Command() put(file: File): Command<string> {
    return remote(file);
  }
}

class SmallFile {
  @IsString() name!: string;
  @IsInt() @Max(50) size!: number;
}

@Contract({ name: 'drift', version: '2.1.0' })
export abstract class Narrowed {
  @Command() put(file: SmallFile): Command<string> {
    return remote(file);
  }
  @Command() remove(name: string): Command<string> {
    return remote(name);
  }
}

class TitledFile {
  @IsString() title!: string;
  @IsInt() @Max(100) size!: number;
}

@Contract({ name: 'drift', version: '2.2.0' })
export abstract class Renamed {
  @Command() put(file: TitledFile): Command<string> {
    return remote(file);
  }
  @Command() remove(name: string): Command<string> {
    return remote(name);
  }
}

export type Form = typeof V1 | typeof Grown | typeof Lessened | typeof Narrowed | typeof Renamed;

/** A controller of one of them; it answers with the version. */
export function controllerOf(
  contract: Form,
  options: { announce?: boolean; force?: boolean } = {},
): new () => object {
  class Drifting {
    put(): string {
      return contract.name;
    }
    remove(): string {
      return contract.name;
    }
  }
  Implements(contract as typeof V1, options)(Drifting);
  Controller()(Drifting);
  return Drifting;
}
