/** What a label of an instrument says. */
export const LABELS = {
  pattern:
    'the pattern of a call, event or entry; `other` beyond `maxPatterns`. Of what Redis knows: the stream, which is a pattern or a lane',
  group: 'the service: its consumer group',
  result: 'how it ended, in the words of [diagnostics](diagnostics.md)',
  code: 'the code of the error, or empty',
  reason: 'why',
  role: '`client` or `server`',
  connection: '`commands`, `reader`, `subscriber` or `changes`',
} as const;

export type Label = keyof typeof LABELS;

/** Of one thing that is counted or measured. */
export interface Instrument {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Seconds, or a number of things. */
  readonly unit: 'seconds' | 'count';
  /** Who tells it: `redis` stands for what one process reads from Redis for all. */
  readonly from: 'client' | 'server' | 'both' | 'redis';
  readonly labels: readonly Label[];
  readonly help: string;
  /** Upper bounds of the buckets of a histogram, in its unit. */
  readonly buckets?: readonly number[];
}

/** From a call that is answered at once to one that waits for a take-over, or for its deadline. */
const WHOLE_WAY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const counter = (from: Instrument['from'], labels: readonly Label[], help: string): Instrument => ({
  kind: 'counter',
  unit: 'count',
  from,
  labels,
  help,
});

const times = (from: Instrument['from'], labels: readonly Label[], help: string): Instrument => ({
  ...{ kind: 'histogram', unit: 'seconds', from, labels, help },
  buckets: WHOLE_WAY,
});

const figure = (
  unit: Instrument['unit'],
  from: Instrument['from'],
  labels: readonly Label[],
  help: string,
): Instrument => ({ kind: 'gauge', unit, from, labels, help });

/** The one table: documentation, Prometheus, OpenTelemetry, the board and the alerts are made from it. */
export const INSTRUMENTS = {
  calls_sent: counter('client', ['pattern'], 'Calls that were made.'),
  calls: counter('client', ['pattern', 'result', 'code'], 'Calls that have ended.'),
  call_duration: times('client', ['pattern', 'result'], 'From a call to its end.'),
  events: counter(
    'client',
    ['pattern', 'code'],
    'Events that are stored, or were not for this code.',
  ),
  event_duration: times('client', ['pattern'], 'From an event to its end: it is stored, or not.'),
  untrusted_messages: counter(
    'both',
    ['role', 'reason'],
    'Sealed entries and replies that were refused: forged, altered, moved (`unproven`), or `repeated`.',
  ),
  late_replies: counter('client', [], 'Replies that came for calls that had ended.'),

  entries: counter(
    'server',
    ['group', 'pattern', 'result', 'code'],
    'Entries, or calls and events of packs, that have ended here; a retry ends one attempt.',
  ),
  entry_in_stream: times(
    'server',
    ['group', 'pattern'],
    'How long an entry was in the stream when it was read, taken over or found again.',
  ),
  entry_waiting: times(
    'server',
    ['group', 'pattern'],
    'From the read of an entry to the start of its handler, or to its end if that never started.',
  ),
  entry_running: times(
    'server',
    ['group', 'pattern', 'result'],
    'How long handlers ran; what never started is left out.',
  ),
  handlers_running: figure('count', 'server', ['group'], 'Handlers that run now in this process.'),
  retries: counter('server', ['group', 'pattern'], 'Entries that get another attempt.'),
  dead_letters: counter(
    'server',
    ['group', 'pattern', 'reason'],
    'Entries that became dead letters.',
  ),
  entries_taken_over: counter(
    'server',
    ['group', 'pattern'],
    'Entries that were taken over from an instance that died or left; a pack counts as one.',
  ),
  leases_lost: counter('server', ['group'], 'How often an instance was taken for dead.'),
  groups_lost: counter(
    'server',
    ['group'],
    'How often a group was lost, or a stream could not be read.',
  ),
  connections_made: counter('both', ['role', 'connection'], 'Connections that were made.'),
  connections_lost: counter(
    'both',
    ['role', 'connection'],
    'Connections that ended although nobody closed them.',
  ),
  connections_failed: counter(
    'both',
    ['role', 'connection'],
    'Attempts to connect that failed: they go on while Redis cannot be reached.',
  ),

  backlog_entries: figure(
    'count',
    'redis',
    ['group', 'pattern'],
    'Entries that a group has not finished. Where nobody reads a stream: all of its entries, and `group` is empty.',
  ),
  lag_entries: figure(
    'count',
    'redis',
    ['group', 'pattern'],
    'Of these, those that no instance was given yet.',
  ),
  pending_entries: figure(
    'count',
    'redis',
    ['group', 'pattern'],
    'Of these, those that instances hold, or that wait for another attempt.',
  ),
  retries_waiting: figure(
    'count',
    'redis',
    ['group', 'pattern'],
    'Of these, those that wait for another attempt, or of which a call or an event does; an estimate above 500.',
  ),
  oldest_entry: figure(
    'seconds',
    'redis',
    ['group', 'pattern'],
    'Age of the oldest entry that a group has not finished; 0: it has finished all.',
  ),
  oldest_pending: figure(
    'seconds',
    'redis',
    ['group', 'pattern'],
    'Age of the oldest entry that an instance holds; 0: none.',
  ),
  scheduled_entries: figure(
    'count',
    'redis',
    ['pattern'],
    'Entries that are due later, and are in no stream yet. Patterns for which none waits have no value.',
  ),
  oldest_overdue: figure(
    'seconds',
    'redis',
    ['pattern'],
    'How long the first of these has been due; 0: none is. While an instance lives that reads the stream, it is a moment.',
  ),
  dead_letters_kept: figure('count', 'redis', ['group'], 'Dead letters that Redis holds.'),
  live_instances: figure(
    'count',
    'redis',
    ['group'],
    'Instances whose lease holds, in the shard with the fewest; 0: the service is down, and its streams are there.',
  ),
  callers: figure(
    'count',
    'redis',
    [],
    'Clients that have called since they connected and are still there.',
  ),
  redis_read_up: figure(
    'count',
    'redis',
    [],
    '1: this process reads the figures of Redis, and the last read went well; 0: it failed, and there are no figures. The others have none.',
  ),
  redis_read_duration: figure('seconds', 'redis', [], 'How long the last read took.'),
  redis_read_age: figure('seconds', 'redis', [], 'Age of these figures.'),
} as const satisfies Readonly<Record<string, Instrument>>;

export type InstrumentName = keyof typeof INSTRUMENTS;
export const INSTRUMENT_NAMES = Object.keys(INSTRUMENTS) as InstrumentName[];

export const instrument = (name: InstrumentName): Instrument => INSTRUMENTS[name];

/** Its name in Prometheus. */
export function prometheusName(name: InstrumentName): string {
  const { kind, unit } = instrument(name);
  const total = kind === 'counter' ? '_total' : '';
  return `nestjs_redis_streams_${name}${unit === 'seconds' ? '_seconds' : ''}${total}`;
}

/** Its name in OpenTelemetry. What exporters for Prometheus make of it is `prometheusName`. */
export const openTelemetryName = (name: InstrumentName): string => `nestjs_redis_streams.${name}`;
