import { ClientRedisStreams, type RecordOptions, RedisStreamsRecord } from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { watched } from './watched.js';

/** A client with shorter words. */
export class Caller extends ClientRedisStreams {
  /** Names its keys in Redis. */
  get callerId(): string {
    return (this as unknown as { producer: { callerId: string } }).producer.callerId;
  }

  call<T = unknown>(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<T> {
    return watched(firstValueFrom(this.send<T>(pattern, record(data, options))));
  }

  /** All values of a streamed reply. */
  values<T = unknown>(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<T[]> {
    return watched(lastValueFrom(this.send<T>(pattern, record(data, options)).pipe(toArray())));
  }

  /** The error that a call ends with. */
  async failure(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<unknown> {
    try {
      await this.call(pattern, data, options);
    } catch (error) {
      return error;
    }
    throw new Error(`the call of ${pattern} succeeded`);
  }

  tell(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<unknown> {
    const stored = this.emit(pattern, record(data, options));
    return watched(lastValueFrom(stored, { defaultValue: undefined }));
  }
}

function record(data: unknown, options: RecordOptions | undefined): unknown {
  return options === undefined ? data : new RedisStreamsRecord(data, options);
}
