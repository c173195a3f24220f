import {
  diagnose,
  explainCall,
  explainHeader,
  readPending,
  readSenders,
  TimeLimit,
  type CallTrace,
  type KeptConnections,
  type ScheduledEntry,
} from '../../operate/index.js';
import type { DashboardSettings } from '../dashboard-options.js';
import { neededText, numberIn, textIn, type Input } from './input.js';

/** Milliseconds that a search may take. */
const LIMIT = 10_000;

/** What instances hold, and what waits for another attempt. */
export function listPending(kept: KeptConnections, input: Input) {
  const [service, pattern] = [textIn(input, 'service'), textIn(input, 'pattern')];
  const filter = {
    ...(service === undefined ? {} : { service }),
    ...(pattern === undefined ? {} : { pattern }),
  };
  return readPending(kept, filter, Math.min(200, numberIn(input, 'limit') ?? 50));
}

/** Applications that the page gets, and patterns of each. */
const SENDERS = 200;
const PATTERNS = 20;

/** Which applications send: a pattern, or anything. */
export async function listSenders(kept: KeptConnections, input: Input) {
  const pattern = textIn(input, 'pattern');
  const options = { limit: LIMIT, ...(pattern === undefined ? {} : { pattern }) };
  const { senders, complete } = await readSenders(kept, options);
  const shown = senders.slice(0, SENDERS).map(({ patterns, ...sender }) => {
    const wanted =
      pattern === undefined
        ? patterns.slice(0, PATTERNS)
        : patterns.filter((one) => one.pattern === pattern);
    return Object.assign(sender, { of: patterns.length, patterns: wanted });
  });
  return { senders: shown, complete: complete && senders.length <= SENDERS };
}

/** Follows one call. */
export async function followCall({ kept, hidePayloads }: DashboardSettings, input: Input) {
  const pattern = textIn(input, 'pattern');
  const call = neededText(input, 'call').trim();
  const options = { limit: LIMIT, ...(pattern === undefined ? {} : { pattern }) };
  const trace = await explainCall(kept, call, options);
  return hidePayloads ? withoutTexts(trace) : trace;
}

/** Follows a request across services, by a header that all of it has. */
export async function followHeader({ kept, hidePayloads }: DashboardSettings, input: Input) {
  const time = new TimeLimit(LIMIT);
  const header = {
    name: neededText(input, 'name').trim(),
    value: neededText(input, 'value').trim(),
  };
  const trace = await explainHeader(kept, header, time);
  if (!hidePayloads) return { ...trace, unlooked: time.text };
  const calls = trace.calls.map(withoutTexts);
  return { ...trace, calls, scheduled: trace.scheduled.map(withoutData), unlooked: time.text };
}

const withoutData = (entry: ScheduledEntry): ScheduledEntry => ({
  ...entry,
  ...{ data: undefined, text: undefined },
  headers: Object.fromEntries(Object.keys(entry.headers).map((name) => [name, '(hidden)'])),
});

function withoutTexts(trace: CallTrace) {
  const replies = trace.replies.map(({ text: _text, ...reply }) => reply);
  return { ...trace, replies, scheduled: trace.scheduled.map(withoutData) };
}

/** What somebody should look at. */
export async function judge(kept: KeptConnections) {
  return { findings: await diagnose(kept, LIMIT) };
}
