import type { Command } from 'commander';
import {
  explainCall,
  explainEntry,
  explainHeader,
  type CallTrace,
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
      ['explain --header x-correlation-id=a1', 'all calls and events of one request'],
    ],
    exits: `0: something is known of it; 1: nothing is, or it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command), '10s')
    .argument('[call]', 'caller and call, as <caller>/<call>; or the id of an entry')
    .option('--pattern <pattern>', 'searches only there, which is faster')
    .option('--header <name=value>', 'calls and events with this header instead', header)
    .action((call: string | undefined, options: ExplainArguments) => {
      const wanted = Object.entries(options.header ?? {});
      const [first] = wanted;
      if ((call === undefined) === (first === undefined) || wanted.length > 1) {
        throw new Failure('name a call, or one --header', 2);
      }
      if (first !== undefined) return explainAll(first, options, session);
      const isEntry = /^\d+-\d+(#\d+)?$/.test(call ?? '');
      return isEntry
        ? explainStored(call ?? '', options, session)
        : explain(call ?? '', options, session);
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
  const { calls, events, deadLetters, more } = await explainHeader(place, { name, value }, limit);
  const isKnown = calls.length + events.length + deadLetters.length > 0;
  if (options.json === true)
    screen.json({ calls, events, deadLetters, more, unlooked: limit.unlooked });
  else {
    for (const trace of calls) {
      print(trace, screen);
      screen.line();
    }
    if (events.length + deadLetters.length > 0) screen.line('events', 'bold');
    for (const entry of events) printEntry(entry, screen);
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
  const { entries, replies, deadLetters } = trace;
  const isKnown = entries.length + replies.length + deadLetters.length > 0;
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

function print(trace: CallTrace, screen: Screen): void {
  screen.line(`call ${trace.call}`, 'bold');
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

function printEntry(entry: TracedEntry, screen: Screen): void {
  const { pattern, stream, deadlineAt, calls, once } = entry;
  const where = stream === pattern ? pattern : `${pattern} in the lane ${stream}`;
  const pack = calls > 1 ? `, in a pack of ${calls} calls` : '';
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
