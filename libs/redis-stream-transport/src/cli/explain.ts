import type { Command } from 'commander';
import {
  explainCall,
  explainEntry,
  explainHeader,
  explainMessage,
  type CallTrace,
  type ScheduledEntry,
  type TracedEntry,
  type TracedLetter,
} from '../operate/index.js';
import { Failure } from './failure.js';
import { described } from './described.js';
import type { Screen } from './screen.js';
import type { Session } from './session.js';
import { tellUnlooked, timeLimitOf, TIME_UP_EXIT, withTimeout, type Timed } from './time-up.js';
import { ago, counted, header, when } from './values.js';
import { placeOf, withWhere, type Where } from './where.js';

/** As protocol.md has them. */
const CALL = /^[\w-]{16,32}\/[\w-]{1,64}$/;

interface ExplainArguments extends Where, Timed {
  readonly pattern?: string;
  readonly header?: Record<string, string>;
}

export function addExplain(program: Command, session: Session): void {
  const command = described(program.command('explain'), {
    summary: 'says what Redis still knows of a call: stored, handed to, attempts, end',
    examples: [
      ['explain AbCdEfGhIjKlMnOpQrStUv/10000000001', 'as logs, errors and getCallId() have it'],
      ['explain 1763640000000-0', 'an event or a call by its entry, as onStored and logs have it'],
      ['explain reminder-a1', 'an event by its message id'],
      ['explain --header x-correlation-id=a1', 'all calls and events of one request'],
    ],
    exits: `0: something is known of it; 1: nothing is, or it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command), '10s')
    .argument(
      '[call]',
      'caller and call, as <caller>/<call>; or the id of an entry; or a message id',
    )
    .option('--pattern <pattern>', 'searches only there, which is faster')
    .option('--header <name=value>', 'calls and events with this header instead', header)
    .action((call: string | undefined, options: ExplainArguments) => {
      const wanted = Object.entries(options.header ?? {});
      const [first] = wanted;
      if ((call === undefined) === (first === undefined) || wanted.length > 1) {
        throw new Failure('name a call, or one --header', 2);
      }
      if (first !== undefined) return explainAll(first, options, session);
      const id = call ?? '';
      if (/^\d+-\d+(#\d+)?$/.test(id)) return explainStored(id, options, session);
      return CALL.test(id) ? explain(id, options, session) : explainSent(id, options, session);
    });
}

/** What is known of all that has a header, in the order of time. */
async function explainAll(
  [name, value]: readonly [string, string],
  options: ExplainArguments,
  session: Session,
): Promise<void> {
  const { screen } = session;
  if (options.pattern !== undefined) throw new Failure('--pattern is for a call', 2);
  const limit = timeLimitOf(options);
  const place = placeOf(options, screen.terminal);
  const trace = await explainHeader(place, { name, value }, limit);
  const { calls, events, scheduled, deadLetters, more } = trace;
  const isKnown = calls.length + events.length + scheduled.length + deadLetters.length > 0;
  if (options.json === true) screen.json({ ...trace, unlooked: limit.unlooked });
  else {
    for (const one of calls) {
      print(one, screen);
      screen.line();
    }
    if (events.length + scheduled.length + deadLetters.length > 0) screen.line('events', 'bold');
    for (const entry of events) printEntry(entry, screen);
    for (const entry of scheduled) printScheduled(entry, screen);
    for (const letter of deadLetters) printLetter(letter, screen);
    if (!isKnown) screen.line(`nothing has the header ${name}=${value} any more`);
  }
  if (more) screen.note('there are more: at most 100 calls, and as many events, are shown');
  tellUnlooked(limit, session);
  if (!isKnown && session.exitCode === 0) session.exitCode = 1;
}

async function explain(call: string, options: ExplainArguments, session: Session): Promise<void> {
  const { screen } = session;
  const { pattern } = options;
  const limit = timeLimitOf(options);
  const trace = await explainCall(placeOf(options, screen.terminal), call, {
    ...(pattern === undefined ? {} : { pattern }),
    limit,
  });
  const { entries, scheduled, replies, deadLetters } = trace;
  const isKnown = entries.length + scheduled.length + replies.length + deadLetters.length > 0;
  if (options.json === true) screen.json(trace);
  else print(trace, screen);
  tellUnlooked(limit, session);
  if (!isKnown && session.exitCode === 0) session.exitCode = 1;
}

async function explainStored(
  id: string,
  options: ExplainArguments,
  session: Session,
): Promise<void> {
  const { screen } = session;
  const { pattern } = options;
  const limit = timeLimitOf(options);
  const where = { ...(pattern === undefined ? {} : { pattern }), limit };
  const { entries, deadLetters } = await explainEntry(placeOf(options, screen.terminal), id, where);
  const isKnown = entries.length + deadLetters.length > 0;
  if (options.json === true) screen.json({ id, entries, deadLetters, unlooked: limit.unlooked });
  else {
    screen.line(`entry ${id}`, 'bold');
    for (const entry of entries) printEntry(entry, screen);
    for (const letter of deadLetters) printLetter(letter, screen);
    if (!isKnown) screen.line('it was handled and removed, or it was never stored here');
  }
  tellUnlooked(limit, session);
  if (!isKnown && session.exitCode === 0) session.exitCode = 1;
}

async function explainSent(id: string, options: ExplainArguments, session: Session): Promise<void> {
  const { screen } = session;
  const { pattern } = options;
  const limit = timeLimitOf(options);
  const where = { ...(pattern === undefined ? {} : { pattern }), limit };
  const trace = await explainMessage(placeOf(options, screen.terminal), id, where);
  const { scheduled, sent } = trace;
  const isKnown = scheduled.length + sent.length > 0;
  if (options.json === true) screen.json({ ...trace, unlooked: limit.unlooked });
  else {
    screen.line(`message ${id}`, 'bold');
    for (const entry of scheduled) printScheduled(entry, screen);
    for (const { pattern: of, until } of sent) {
      screen.line(`${when(until)}  until then another event of ${of} with this id adds nothing`);
      if (!scheduled.some((entry) => entry.pattern === of))
        screen.line(`${' '.repeat(21)}it was stored, and added to its stream`);
    }
    if (!isKnown)
      screen.line(
        'no event with this id is due later, or was stored lately; a call has the form <caller>/<call>',
      );
  }
  tellUnlooked(limit, session);
  if (!isKnown && session.exitCode === 0) session.exitCode = 1;
}

function printScheduled(entry: ScheduledEntry, screen: Screen): void {
  const { pattern, stream, dueAt, overdueFor, id } = entry;
  const where = placeIn(stream, pattern);
  const since =
    overdueFor === undefined
      ? 'due then, and not before'
      : `has been due for ${ago(overdueFor)}: an instance of the service adds it`;
  screen.line(`${when(dueAt)}  ${where}: ${since}`);
  screen.line(`${' '.repeat(21)}scheduled cancel ${id}`);
}

function print(trace: CallTrace, screen: Screen): void {
  screen.line(`call ${trace.call}`, 'bold');
  for (const entry of trace.scheduled) printScheduled(entry, screen);
  for (const entry of trace.entries) printEntry(entry, screen);
  for (const { at, instance, kind, deliveries, text } of trace.replies) {
    const said = text === undefined ? '' : `: ${text}`;
    const delivery = deliveries > 1 ? `, at delivery ${deliveries}` : '';
    screen.line(`${when(at)}  answered by ${instance}${delivery}: ${kind}${said}`);
  }
  for (const letter of trace.deadLetters) printLetter(letter, screen);
  screen.line(
    `caller: ${trace.callerListens ? 'connected, and listens for replies' : 'not connected'}`,
  );
  for (const sentence of trace.unknown) screen.line(`not known: ${sentence}`, 'dim');
}

function printLetter(letter: TracedLetter, screen: Screen): void {
  const { at, group, id, reason, attempts, deliveries, error } = letter;
  const tries = triesOf(deliveries, attempts);
  screen.line(`${when(at)}  given up by ${group} (${reason}; ${tries}): ${error}`);
  screen.line(`${' '.repeat(21)}dead show ${id} --service ${group}`);
}

/** The streams of classes are named after their pattern. */
function placeIn(stream: string, pattern: string): string {
  if (stream === pattern) return pattern;
  const isClass = stream.startsWith(pattern) && /^\|\d+$/.test(stream.slice(pattern.length));
  return `${pattern} in the ${isClass ? 'class' : 'lane'} ${stream}`;
}

function printEntry(entry: TracedEntry, screen: Screen): void {
  const { pattern, stream, deadlineAt, calls, once } = entry;
  const where = placeIn(stream, pattern);
  const pack = calls > 1 ? `, in a pack of ${calls}` : '';
  const only = once ? ', to be started once only' : '';
  screen.line(`${when(entry.storedAt)}  stored: ${where}, entry ${entry.entry}${pack}${only}`);
  if (deadlineAt !== undefined) screen.line(`${when(deadlineAt)}  its deadline`);
  if (entry.groups.length === 0) screen.line(`${' '.repeat(21)}no service reads this stream`);
  for (const { group, state, consumer, heldFor, deliveries, attempts, dueAt } of entry.groups) {
    const held = heldFor === undefined ? '' : `, ${ago(heldFor)} ago`;
    const told = {
      waits: 'waits: it was handed to nobody yet',
      held: `with ${consumer}${held}: it runs there, or waits for a slot`,
      retry: `waits for another attempt at ${dueAt === undefined ? '?' : when(dueAt)}, with ${consumer}`,
      started: `was started by ${consumer}, and will not be started again`,
      done: 'has finished with it',
    }[state];
    const tries = deliveries > 0 ? ` (${triesOf(deliveries, attempts)})` : '';
    screen.line(`${' '.repeat(21)}${group}: ${told}${tries}`);
  }
}

const triesOf = (deliveries: number, attempts: number): string =>
  `${counted(deliveries, 'delivery', 'deliveries')}, ${counted(attempts, 'failed attempt')}`;
