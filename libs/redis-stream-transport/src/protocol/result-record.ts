/** Milliseconds for which the result of an idempotency key is kept: a day, as payment providers do. */
export const RESULT_LIFE = 86_400_000;

/**
 * The record of an idempotency key is one text, so one command claims it and one stores its result. What runs:
 * `.<digest> <name> <stream>`, with the name of an entry or of a call of a pack, and its stream. What has ended:
 * `=<digest> <result>`. Digests and names have no spaces.
 */
export const runningRecord = (digest: string, name: string, stream: string): string =>
  `.${digest} ${name} ${stream}`;

/** @param result the replies, as JSON */
export const endedRecord = (digest: string, result: string): string => `=${digest} ${result}`;

/**
 * The digest in the record of a call whose result is kept under its own id, with the time of its entry. Who compares
 * digests leaves out what follows the `@`.
 *
 * @param storedAt milliseconds since 1970 by Redis' clock
 */
export const timedDigest = (digest: string, storedAt: number): string => `${digest}@${storedAt}`;

/** A record that was read. */
export type ResultRecord =
  | { readonly kind: 'running'; readonly name: string; readonly stream: string }
  | {
      readonly kind: 'ended';
      /** When its entry was stored (Redis' clock, ms); undefined: that is not kept under a key of the application. */
      readonly storedAt: number | undefined;
      readonly result: string;
    };

/** Undefined: it is no record. */
export function readRecord(text: string): ResultRecord | undefined {
  const [, state, storedAt, rest = ''] = /^([.=])[^ @]*(?:@(\d{1,15}))? ([^]*)$/.exec(text) ?? [];
  if (state === '=') {
    return {
      kind: 'ended',
      storedAt: storedAt === undefined ? undefined : Number(storedAt),
      result: rest,
    };
  }
  const [, name, stream] = /^(\S+) ([^]+)$/.exec(rest) ?? [];
  if (name === undefined || stream === undefined) return undefined;
  return { kind: 'running', name, stream };
}
