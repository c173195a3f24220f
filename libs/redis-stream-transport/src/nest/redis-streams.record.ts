import type { RecordOptions } from '../options/index.js';

/** Data together with options of its own; goes where plain data would: `send(pattern, record)`. */
export class RedisStreamsRecord<TData = unknown> {
  constructor(
    readonly data: TData,
    readonly options?: RecordOptions,
  ) {}
}

/** Builds a record step by step, as the builders of Nest's other transports do. */
export class RedisStreamsRecordBuilder<TData = unknown> {
  private options: RecordOptions | undefined;

  constructor(private data?: TData) {}

  setData(data: TData): this {
    this.data = data;
    return this;
  }

  /** Replaces all options. They are checked when the record is sent. */
  setOptions(options: RecordOptions): this {
    this.options = options;
    return this;
  }

  build(): RedisStreamsRecord<TData | undefined> {
    return new RedisStreamsRecord(this.data, this.options);
  }
}
