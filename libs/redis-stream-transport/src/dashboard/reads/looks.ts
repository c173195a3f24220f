import { diagnose, explainCall, readPending } from '../../operate/index.js';
import type { RedisStreamsClientOptions } from '../../options/index.js';
import { neededText, numberIn, textIn, type Input } from './input.js';

/** Milliseconds that a search may take. */
const LIMIT = 10_000;

/** What instances hold, and what waits for another attempt. */
export function listPending(place: RedisStreamsClientOptions, input: Input) {
  const [service, pattern] = [textIn(input, 'service'), textIn(input, 'pattern')];
  const filter = {
    ...(service === undefined ? {} : { service }),
    ...(pattern === undefined ? {} : { pattern }),
  };
  return readPending(place, filter, Math.min(200, numberIn(input, 'limit') ?? 50));
}

/** Follows one call. */
export async function followCall(place: RedisStreamsClientOptions, input: Input, hidden: boolean) {
  const pattern = textIn(input, 'pattern');
  const call = neededText(input, 'call').trim();
  const options = { limit: LIMIT, ...(pattern === undefined ? {} : { pattern }) };
  const trace = await explainCall(place, call, options);
  if (!hidden) return trace;
  const replies = trace.replies.map(({ text: _text, ...reply }) => reply);
  return { ...trace, replies };
}

/** What somebody should look at. */
export async function judge(place: RedisStreamsClientOptions) {
  return { findings: await diagnose(place, LIMIT) };
}
