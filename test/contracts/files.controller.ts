import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { map, type Observable, range } from 'rxjs';
import {
  type ContractHandlers,
  Implements,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { type FileDto, FilesContract, QuotaExceeded, Receipt, TagDto } from './files.contract.js';

/** What the controllers of this process were called with. */
export const seen: { method: string; args: readonly unknown[] }[] = [];
/** How streams ended. */
export const ends: string[] = [];

const note = (method: string, ...args: readonly unknown[]): void => {
  seen.push({ method, args });
};

@Controller()
@Implements(FilesContract)
export class FilesController implements ContractHandlers<FilesContract> {
  /** Has no mark in the contract. */
  describe(): string {
    return 'files';
  }

  async upload(file: FileDto, mode?: string): Promise<Receipt> {
    note('upload', file, mode);
    return Object.assign(new Receipt(), { id: `${mode}-1`, file });
  }

  join(separator: string, ...parts: string[]): string {
    return parts.join(separator);
  }

  find(name: string, limit?: number, after?: Date): unknown[] {
    note('find', name, limit, after);
    return [name, limit, after];
  }

  tag(tags: TagDto[]): number {
    note('tag', tags);
    return tags.length;
  }

  half(n: number): number {
    note('half', n);
    return n / 2;
  }

  echo(value: unknown): unknown {
    note('echo', value);
    return value;
  }

  fail(kind: string): void {
    note('fail', kind);
    if (kind === 'quota') throw new QuotaExceeded({ limit: 3 });
    if (kind === 'rpc') throw new RpcException({ code: 'E_RPC', message: 'as it is', extra: 1 });
    if (kind === 'text') throw new RpcException('only text');
    if (kind === 'plain') throw 'a string';
    if (kind === 'other') {
      class Strange extends Error {}
      throw Object.assign(new Strange('odd'), { code: 7, details: new Map([['a', 1n]]) });
    }
  }

  removed(file: FileDto): void {
    note('removed', file);
  }

  tags(count: number): Observable<TagDto> {
    return range(0, count).pipe(map((i) => Object.assign(new TagDto(), { name: `t${i}` })));
  }

  async *ticks(count: number, pause = 0): AsyncGenerator<number> {
    try {
      for (let i = 0; i < count; i++) {
        if (pause > 0) await sleep(pause);
        yield i;
      }
      if (count === 13) throw new QuotaExceeded({ limit: 12 });
    } finally {
      ends.push(`ticks ${count}`);
    }
  }
}
