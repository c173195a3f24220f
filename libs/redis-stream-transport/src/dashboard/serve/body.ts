import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.js';

/** Bytes of a body at most: edited data of a megabyte, with its escapes. */
const MOST = 4_194_304;

/**
 * The JSON of a request. An application may have parsed it already.
 * @throws Refusal
 */
export async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parsed = (request as { body?: unknown }).body;
  if (isRecord(parsed) && Object.keys(parsed).length > 0) return parsed;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST) throw new Refusal(413, `a request may have ${MOST} bytes`);
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Refusal(400, 'the request is not JSON');
  }
  if (!isRecord(value)) throw new Refusal(400, 'the request is no JSON object');
  return value;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
