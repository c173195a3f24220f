import type { RedisStreamsError } from '../../../errors.js';
import type { WrittenData } from './entry-request.js';

/** A call or an event whose serializer may answer later. Its deadline and its signal count from the start (G1, G2). */
export interface Late {
  /** Its serializer works, and it has not ended. */
  readonly isWriting: boolean;
  /** Its serializer begins. */
  write(): void;
  /** Its serializer has answered. */
  written(data: WrittenData): void;
}

/** Sends an entry once its data is written. If it ended before, nothing of it leaves. */
export function sendWhenWritten<T extends Late>(
  entry: T,
  data: Promise<WrittenData>,
  send: (entry: T) => void,
  fail: (entry: T, error: RedisStreamsError) => void,
): void {
  entry.write();
  data.then(
    (written) => {
      if (!entry.isWriting) return;
      entry.written(written);
      send(entry);
    },
    (error: RedisStreamsError) => fail(entry, error),
  );
}
