import { InvalidArgumentError, type Command } from 'commander';
import {
  pauseInstance,
  pausePattern,
  readPaused,
  resumeInstance,
  resumePattern,
  type PauseResult,
} from '../operate/index.js';
import { described } from './described.js';
import { Failure } from './failure.js';
import { pausedLines } from './paused-lines.js';
import type { Session } from './session.js';
import { counted, duration } from './values.js';
import { servedPlaceOf, withWhere, type Where } from './where.js';

interface Whose extends Where {
  readonly service?: string;
  readonly instance?: string;
}

interface PauseArguments extends Whose {
  readonly refuse?: boolean;
  readonly until?: number;
  readonly reason?: string;
}

export function addPause(program: Command, session: Session): void {
  const command = described(program.command('pause'), {
    summary: 'lets nothing new of a pattern start, at any instance; or nothing at one instance',
    about:
      'What runs finishes. Calls wait, up to their deadlines, or are refused; events wait. It survives restarts. ' +
      'Without a pattern and --instance it lists what is paused.',
    examples: [
      ['pause orders.price --reason "database is being moved"', 'calls and events wait'],
      ['pause orders.price --refuse --until 30m', 'calls are refused; it ends by itself'],
      ['pause --instance web-1-4711', 'that instance takes nothing new'],
    ],
    exits: '0: it is so, and all instances have applied it; 1: some have not (yet), or it failed',
  });
  withWhere(command)
    .argument('[pattern]')
    .option('--service <group>', 'of this service; default: the one that has the pattern')
    .option('--instance <name>', 'only this instance, as services names it, and all its patterns')
    .option('--refuse', 'calls are refused (PAUSED) instead of waiting')
    .option('--until <when>', 'ends by itself then: 30m from now, or 2026-01-31T12:00:00Z', toCome)
    .option('--reason <text>', 'for those who see it')
    .action((pattern: string | undefined, options: PauseArguments) =>
      pause(pattern, options, session),
    );
}

export function addResume(program: Command, session: Session): void {
  const command = described(program.command('resume'), {
    summary: 'lets go on what was paused',
    examples: [
      ['resume orders.price', 'the pattern'],
      ['resume --instance web-1-4711', 'the instance'],
    ],
    exits:
      '0: it goes on; 1: it was not paused, or not all instances have applied it (yet), or it failed',
  });
  withWhere(command)
    .argument('[pattern]')
    .option('--service <group>', 'of this service; default: the one that has the pattern')
    .option('--instance <name>', 'this instance, as services names it')
    .action((pattern: string | undefined, options: Whose) => resume(pattern, options, session));
}

async function pause(
  pattern: string | undefined,
  options: PauseArguments,
  session: Session,
): Promise<void> {
  const { service, instance, refuse, until, reason } = options;
  const place = await servedPlaceOf(options, session.screen.terminal);
  const common = {
    ...(service === undefined ? {} : { service }),
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason }),
  };
  if (pattern === undefined && instance === undefined) {
    const paused = await readPaused(place);
    if (options.json === true) session.screen.json(paused);
    else for (const line of pausedLines(paused)) session.screen.line(line);
    return;
  }
  only(pattern, instance);
  if (instance !== undefined) {
    if (refuse === true) throw new Failure('--refuse is for patterns', 2);
    const result = await pauseInstance(place, { ...common, instance });
    tell(session, options, result, `paused: ${instance} takes nothing new`);
    return;
  }
  const request = { ...common, pattern: pattern ?? '', refuse: refuse === true };
  const result = await pausePattern(place, request);
  const calls = refuse === true ? 'calls are refused' : 'calls wait';
  tell(session, options, result, `paused: nothing new of ${pattern ?? ''} starts, ${calls}`);
  if (!result.known)
    session.screen.note(`Redis does not know that ${result.service} has ${pattern ?? ''}`);
}

async function resume(
  pattern: string | undefined,
  options: Whose,
  session: Session,
): Promise<void> {
  const { service, instance } = options;
  only(pattern, instance);
  const place = await servedPlaceOf(options, session.screen.terminal);
  const common = service === undefined ? {} : { service };
  const result =
    instance === undefined
      ? await resumePattern(place, { ...common, pattern: pattern ?? '' })
      : await resumeInstance(place, { ...common, instance });
  const what = instance ?? pattern ?? '';
  tell(session, options, result, result.changed ? `resumed: ${what}` : `was not paused: ${what}`);
  if (!result.changed) session.exitCode = 1;
}

function tell(session: Session, options: Where, result: PauseResult, line: string): void {
  const { service, instances, applied } = result;
  session.exitCode = applied < instances ? 1 : 0;
  if (options.json === true) session.screen.json(result);
  else session.screen.line(`${line}; service ${service}`);
  if (applied < instances) {
    const all = counted(instances, 'instance');
    session.screen.note(
      `applied by ${applied} of ${all}: look at the others (services ${service})`,
    );
  }
}

function only(pattern: string | undefined, instance: string | undefined): void {
  if ((pattern === undefined) === (instance === undefined))
    throw new Failure('name a pattern, or --instance', 2);
}

/** A point in time to come, in milliseconds since 1970. */
function toCome(text: string): number {
  if (/^\d+[a-z]+$/.test(text)) return Date.now() + duration(text);
  const at = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return at;
  throw new InvalidArgumentError('It is from now on (30m, 2h), or a time: 2026-01-31T12:00:00Z.');
}
