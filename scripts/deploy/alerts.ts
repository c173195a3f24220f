// What an operator is woken for: deploy/alerts.yaml and docs/alerts.md are made from this table.
import { prometheusName } from '../../libs/redis-stream-transport/src/metrics/instruments.js';
import { failing, figure, p99, rate, sumOf, times } from './queries.js';

export interface Alert {
  readonly name: string;
  readonly severity: 'page' | 'ticket';
  /** What is measured. */
  readonly measure: string;
  /** The condition on it. */
  readonly condition: string;
  /** For so long it must hold. */
  readonly holds: string;
  readonly summary: string;
  readonly meaning: string;
  readonly todo: readonly string[];
}

export const ALERTS: readonly Alert[] = [
  {
    name: 'RedisStreamsServiceDown',
    severity: 'page',
    measure: sumOf('backlog_entries', 'group', 'group!=""'),
    condition: `> 0 and on (group) ${figure('live_instances', 'group')} == 0`,
    holds: '2m',
    summary: 'No instance of {{ $labels.group }} lives, and {{ $value }} entries wait for it',
    meaning:
      'A service has a backlog, and the lease of each of its instances has ended. Calls end with `TIMEOUT` or `NO_CONSUMER`; events wait.',
    todo: [
      '`npx nestjs-redis-streams services` shows which instances there are. Look at the log of the last one that stopped.',
      'Start an instance. What waits is handled then; calls whose time is over are not run.',
      'If the service is retired for good: `npx nestjs-redis-streams drained` says what is left of it.',
    ],
  },
  {
    name: 'RedisStreamsOldEntries',
    severity: 'page',
    measure: figure('oldest_entry', 'group, pattern'),
    condition: '> 60',
    holds: '2m',
    summary:
      '{{ $labels.group }} has an entry of {{ $labels.pattern }} that is {{ $value | humanizeDuration }} old',
    meaning:
      'A service does not keep up, or an entry is stuck: it runs, or waits for another attempt. Choose the bound by what your callers can wait for.',
    todo: [
      '`npx nestjs-redis-streams top --once` shows which it is: much unread is too little capacity, only pending is a stuck entry.',
      'Too little capacity: more instances, or more `concurrency`. Look at the times of handlers first: a slow database is not cured by more of them.',
      'A stuck entry: `npx nestjs-redis-streams pending` shows where it is, and since when.',
    ],
  },
  {
    name: 'RedisStreamsOverdue',
    severity: 'page',
    measure: figure('oldest_overdue', 'pattern'),
    condition: '> 30',
    holds: '1m',
    summary:
      'Entries of {{ $labels.pattern }} have been due for {{ $value | humanizeDuration }}, and are in no stream',
    meaning:
      'Calls or events that were [due later](delays.md) should have been added to their stream, and no instance adds them.',
    todo: [
      '`npx nestjs-redis-streams scheduled list --overdue` shows them, and `doctor` whether an instance lives.',
      'No instance: start the service, of this release. Those of earlier releases add nothing.',
      'An instance lives: its log says why it cannot add them (`SCHEDULED_STUCK`, `SCHEDULED_UNSEEN`).',
      'What must not run any more: `npx nestjs-redis-streams scheduled cancel --overdue`.',
    ],
  },
  {
    name: 'RedisStreamsNobodyReads',
    severity: 'ticket',
    measure: figure('backlog_entries', 'pattern', 'group=""'),
    condition: '> 0',
    holds: '10m',
    summary: '{{ $value }} entries of {{ $labels.pattern }}, which no service reads',
    meaning: 'Events or calls are sent for a pattern that no service has ever served.',
    todo: [
      'A name is spelt in two ways, or the service was never started with this prefix.',
      '`npx nestjs-redis-streams services` shows what is served.',
    ],
  },
  {
    name: 'RedisStreamsBacklog',
    severity: 'ticket',
    measure: sumOf('backlog_entries', 'group', 'group!=""'),
    condition: '> 10000',
    holds: '10m',
    summary: '{{ $value }} entries wait for {{ $labels.group }}',
    meaning: 'A service is far behind. Memory of Redis grows with the backlog.',
    todo: [
      'Compare what comes with what is handled on the board: if less is handled than before, look for slow handlers.',
      'Compare the memory of Redis with `maxmemory`: `npx nestjs-redis-streams doctor`.',
      'An entry may hold up to 32 calls, or events that one client emitted in a turn.',
    ],
  },
  {
    name: 'RedisStreamsCallsFail',
    severity: 'page',
    measure: failing('5m'),
    condition: `> 0.05 and on (pattern) ${rate('calls', 'pattern', '5m')} > 0.1`,
    holds: '5m',
    summary: '{{ $value | humanizePercentage }} of the calls of {{ $labels.pattern }} fail',
    meaning:
      'Calls end with an error of the handler (`failed`) or of the transport (`refused`, with a code).',
    todo: [
      'The board shows results and codes. `failed` is the service’s own error: look at its log.',
      '`TIMEOUT` with a backlog is too little capacity; `NO_CONSUMER` a service that is down; `NOT_CONNECTED` a Redis that cannot be reached.',
      'See [errors](errors.md) for each code.',
    ],
  },
  {
    name: 'RedisStreamsSlowHandlers',
    severity: 'ticket',
    measure: p99('entry_running', 'group, pattern', '10m'),
    condition: '> 5',
    holds: '15m',
    summary:
      'Of the handlers of {{ $labels.pattern }} in {{ $labels.group }} 1 % run for {{ $value | humanizeDuration }} or more',
    meaning: 'Handlers are slow, and hold slots meanwhile.',
    todo: [
      'What does it wait for? A trace says it: see [traces](tracing.md).',
      'The log of a service, with `strategy.on("entry.ended", …)`, can name the calls: see [diagnostics](diagnostics.md).',
    ],
  },
  {
    name: 'RedisStreamsDeadLetters',
    severity: 'ticket',
    measure: times('dead_letters', 'group, pattern, reason', '10m'),
    condition: '> 0',
    holds: '0m',
    summary:
      '{{ $labels.group }} has given up entries of {{ $labels.pattern }} ({{ $labels.reason }})',
    meaning:
      'Entries became dead letters: they are kept, with what went wrong, and nobody tries them again.',
    todo: [
      '`npx nestjs-redis-streams dead list` and `dead show`: the reason, the error and its stack.',
      'Repair the cause, and then `dead replay`; or `dead discard`. See [dead letters](dead-letters.md).',
    ],
  },
  {
    name: 'RedisStreamsTakeOvers',
    severity: 'ticket',
    measure: times('entries_taken_over', 'group', '10m'),
    condition: '> 0',
    holds: '0m',
    summary: 'Instances of {{ $labels.group }} took over {{ $value }} entries from others',
    meaning:
      'Instances died, or were taken for dead, while they held entries. These were late by the time until that was noticed. In rollouts it is normal: instances that do not finish within `drainTimeout` leave entries.',
    todo: [
      'Look for killed processes (memory), and for event loops that stood still: `leases_lost` counts these.',
      'The log of the instance that took over says from whom, and how long it was silent.',
    ],
  },
  {
    name: 'RedisStreamsLeasesLost',
    severity: 'ticket',
    measure: times('leases_lost', 'group', '30m'),
    condition: '> 0',
    holds: '0m',
    summary: 'An instance of {{ $labels.group }} was taken for dead although it lives',
    meaning: 'It did not reach Redis for longer than `leaseTtl`, or its event loop stood still.',
    todo: [
      'Is the processor of its host busy, or does a handler compute for seconds without a pause?',
      'Was the network between it and Redis down? Its log says when it had no connection.',
    ],
  },
  {
    name: 'RedisStreamsNoConnection',
    severity: 'page',
    measure: rate('connections_failed', 'instance, role', '2m'),
    condition: '> 0',
    holds: '2m',
    summary: '{{ $labels.instance }} cannot connect to Redis',
    meaning:
      'Attempts to connect fail, and are repeated. Calls wait, and end at their deadline as certainly not run.',
    todo: [
      'Is Redis there? `npx nestjs-redis-streams doctor` says what it says of itself.',
      'If only some processes fail: the network, `maxclients`, or a password that was changed. The log has the reason.',
    ],
  },
  {
    name: 'RedisStreamsNoFigures',
    severity: 'ticket',
    measure: `absent(${prometheusName('redis_read_up')} == 1)`,
    condition: '',
    holds: '5m',
    summary: 'Nobody reads what Redis knows, so alerts of backlogs are blind',
    meaning: 'No process has `gauges` in its metrics, or none can read them.',
    todo: [
      'The log of the process has a line `the figures of Redis cannot be read: …`, once a minute.',
    ],
  },
];

export const exprOf = ({ measure, condition }: Alert): string => `${measure} ${condition}`.trim();

const PAGE =
  'https://github.com/nestjs-redis-streams/nestjs-redis-streams/blob/main/docs/alerts.md';

/** deploy/alerts.yaml. A text in JSON is one in YAML. */
export function alertsFile(): string {
  const rules = ALERTS.map((alert) => {
    const { name, severity, holds, summary, meaning } = alert;
    const text = JSON.stringify;
    return `      - alert: ${name}
        expr: ${text(exprOf(alert))}
        for: ${holds}
        labels:
          severity: ${severity}
        annotations:
          summary: ${text(summary)}
          description: ${text(meaning)}
          runbook_url: ${PAGE}#${name.toLowerCase()}`;
  });
  return `# Printed by \`npm run docs\` from scripts/deploy/alerts.ts.
groups:
  - name: nestjs-redis-streams
    rules:
${rules.join('\n')}
`;
}

/** docs/alerts.md. */
export function alertsPage(printed: string): string {
  const sections = ALERTS.map((alert) => {
    const { name, severity, holds, meaning, todo } = alert;
    return `## ${name}

${meaning}

${todo.map((line) => `- ${line}`).join('\n')}

\`${severity}\`, after ${holds}: \`${exprOf(alert)}\``;
  });
  return `${printed}

# Alerts

What an operator is woken for, and what to do then. \`deploy/alerts.yaml\` has the rules for Prometheus, and
\`deploy/grafana.json\` a board with what one looks at first. Both are made for the [metrics](metrics.md) of
\`nestjs-redis-streams/prometheus\`, with \`gauges\`. The bounds are a start: put your own in their place.

\`page\` wakes somebody; \`ticket\` can wait for the morning.

${sections.join('\n\n')}
`;
}
