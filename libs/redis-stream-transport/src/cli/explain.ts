import type { Command } from 'commander';
import { explainCall, type CallTrace, type TracedEntry } from '../operate/index.js';
import { described } from './described.js';
import type { Screen } from './screen.js';
import type { Session } from './session.js';
import { ago, counted, duration, when } from './values.js';
import { placeOf, withWhere, type Where } from './where.js';

interface ExplainArguments extends Where {
  readonly pattern?: string;
  readonly limit: number;
}

export function addExplain(program: Command, session: Session): void {
  const command = described(program.command('explain'), {
    summary: 'says what Redis still knows of a call: stored, handed to, attempts, end',
    examples: [
      ['explain AbCdEfGhIjKlMnOpQrStUv/10000000001', 'as logs, errors and getCallId() have it'],
    ],
    exits: '0: something is known of it; 1: nothing is, or it failed',
  });
  withWhere(command)
    .argument('<call>', 'caller and call, as <caller>/<call>')
    .option('--pattern <pattern>', 'searches only there, which is faster')
    .option('--limit <duration>', 'how long it searches at most', duration, 10_000)
    .action((call: string, options: ExplainArguments) => explain(call, options, session));
}

async function explain(call: string, options: ExplainArguments, session: Session): Promise<void> {
  const { screen } = session;
  const { pattern, limit } = options;
  const trace = await explainCall(placeOf(options, screen.terminal), call, {
    ...(pattern === undefined ? {} : { pattern }),
    limit,
  });
  const { entries, replies, deadLetters } = trace;
  session.exitCode = entries.length + replies.length + deadLetters.length === 0 ? 1 : 0;
  if (options.json === true) screen.json(trace);
  else print(trace, screen);
}

function print(trace: CallTrace, screen: Screen): void {
  screen.line(`call ${trace.call}`, 'bold');
  for (const entry of trace.entries) printEntry(entry, screen);
  for (const { at, instance, kind, deliveries, text } of trace.replies) {
    const said = text === undefined ? '' : `: ${text}`;
    const delivery = deliveries > 1 ? `, at delivery ${deliveries}` : '';
    screen.line(`${when(at)}  answered by ${instance}${delivery}: ${kind}${said}`);
  }
  for (const { at, group, id, reason, attempts, deliveries, error } of trace.deadLetters) {
    const tries = triesOf(deliveries, attempts);
    screen.line(`${when(at)}  given up by ${group} (${reason}; ${tries}): ${error}`);
    screen.line(`${' '.repeat(21)}dead show ${id} --service ${group}`);
  }
  screen.line(
    `caller: ${trace.callerListens ? 'connected, and listens for replies' : 'not connected'}`,
  );
  for (const sentence of trace.unknown) screen.line(`not known: ${sentence}`, 'dim');
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
