// deploy/grafana.json: a board that answers what operators ask first.
import { prometheusName } from '../../libs/redis-stream-transport/src/metrics/instruments.js';
import { failing, figure, p99, rate, sumOf } from './queries.js';

interface Panel {
  readonly title: string;
  readonly unit: 'short' | 's' | 'ops' | 'percentunit';
  /** Queries, each with what its lines are called. */
  readonly lines: readonly (readonly [query: string, legend: string])[];
}

const RANGE = '$__rate_interval';
const GROUP = 'group=~"$group"';
const PATTERN = 'pattern=~"$pattern"';
const BOTH = `${GROUP}, ${PATTERN}`;
const of = '{{group}} {{pattern}}';

export const PANELS: readonly Panel[] = [
  {
    title: 'Backlog',
    unit: 'short',
    lines: [[figure('backlog_entries', 'group, pattern', BOTH), of]],
  },
  {
    title: 'Lag by service',
    unit: 'short',
    lines: [[sumOf('lag_entries', 'group', GROUP), '{{group}}']],
  },
  {
    title: 'Oldest entry that is not finished',
    unit: 's',
    lines: [[figure('oldest_entry', 'group, pattern', BOTH), of]],
  },
  {
    title: 'Calls that were made and that have ended',
    unit: 'ops',
    lines: [
      [rate('calls_sent', 'pattern', RANGE, PATTERN), '{{pattern}} made'],
      [rate('calls', 'pattern, result', RANGE, PATTERN), '{{pattern}} {{result}}'],
    ],
  },
  {
    title: 'Part of calls that fail',
    unit: 'percentunit',
    lines: [[failing(RANGE, PATTERN), '{{pattern}}']],
  },
  {
    title: 'Errors of the transport',
    unit: 'ops',
    lines: [
      [rate('calls', 'pattern, code', RANGE, `code!="", ${PATTERN}`), '{{pattern}} {{code}}'],
    ],
  },
  {
    title: 'Time of calls, p99',
    unit: 's',
    lines: [[p99('call_duration', 'pattern', RANGE, PATTERN), '{{pattern}}']],
  },
  {
    title: 'Time of handlers, p99',
    unit: 's',
    lines: [[p99('entry_running', 'group, pattern', RANGE, BOTH), of]],
  },
  {
    title: 'Time before the handler, p99',
    unit: 's',
    lines: [
      [p99('entry_in_stream', 'group, pattern', RANGE, BOTH), `${of} in the stream`],
      [p99('entry_waiting', 'group, pattern', RANGE, BOTH), `${of} for a slot`],
    ],
  },
  {
    title: 'Entries that have ended',
    unit: 'ops',
    lines: [[rate('entries', 'group, pattern, result', RANGE, BOTH), `${of} {{result}}`]],
  },
  {
    title: 'Events that were stored',
    unit: 'ops',
    lines: [[rate('events', 'pattern, code', RANGE, PATTERN), '{{pattern}} {{code}}']],
  },
  {
    title: 'Handlers that run, by instance',
    unit: 'short',
    lines: [
      [
        `sum by (instance, group) (${prometheusName('handlers_running')}{${GROUP}})`,
        '{{instance}} {{group}}',
      ],
    ],
  },
  {
    title: 'Other attempts',
    unit: 'short',
    lines: [
      [figure('retries_waiting', 'group, pattern', BOTH), `${of} wait`],
      [rate('retries', 'group, pattern', RANGE, BOTH), `${of} in a second`],
    ],
  },
  {
    title: 'Oldest entry that an instance holds',
    unit: 's',
    lines: [[figure('oldest_pending', 'group, pattern', BOTH), of]],
  },
  {
    title: 'Due later',
    unit: 'short',
    lines: [[figure('scheduled_entries', 'pattern', PATTERN), '{{pattern}}']],
  },
  {
    title: 'Due and not added yet',
    unit: 's',
    lines: [[figure('oldest_overdue', 'pattern', PATTERN), '{{pattern}}']],
  },
  {
    title: 'Dead letters',
    unit: 'short',
    lines: [
      [figure('dead_letters_kept', 'group', GROUP), '{{group}} kept'],
      [rate('dead_letters', 'group, pattern, reason', RANGE, BOTH), `${of} {{reason}} in a second`],
    ],
  },
  {
    title: 'Instances and callers',
    unit: 'short',
    lines: [
      [figure('live_instances', 'group', GROUP), '{{group}}'],
      [figure('callers', ''), 'callers'],
    ],
  },
  {
    title: 'Entries that were taken over, and leases that were lost',
    unit: 'ops',
    lines: [
      [rate('entries_taken_over', 'group, pattern', RANGE, BOTH), `${of} taken over`],
      [rate('leases_lost', 'group', RANGE, GROUP), '{{group}} leases lost'],
    ],
  },
  {
    title: 'Connections',
    unit: 'ops',
    lines: [
      [rate('connections_made', 'instance, role', RANGE), '{{instance}} {{role}} made'],
      [rate('connections_lost', 'instance, role', RANGE), '{{instance}} {{role}} lost'],
      [rate('connections_failed', 'instance, role', RANGE), '{{instance}} {{role}} failed'],
    ],
  },
];

const SOURCE = { type: 'prometheus', uid: '${source}' };

const variable = (name: string, metric: string) => ({
  ...{ name, type: 'query', label: name, datasource: SOURCE },
  query: { query: `label_values(${metric}, ${name})`, refId: name },
  ...{ multi: true, includeAll: true, allValue: '.*', refresh: 2, sort: 1 },
  current: { text: 'All', value: '$__all' },
});

const panel = ({ title, unit, lines }: Panel, i: number) => ({
  ...{ id: i + 1, title, type: 'timeseries', datasource: SOURCE },
  gridPos: { x: (i % 3) * 8, y: Math.floor(i / 3) * 8, w: 8, h: 8 },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  options: {
    legend: { displayMode: 'list', placement: 'bottom' },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  targets: lines.map(([expr, legendFormat], line) => ({
    refId: String.fromCharCode(65 + line),
    ...{ datasource: SOURCE, expr, legendFormat },
  })),
});

/** deploy/grafana.json. */
export function boardFile(): string {
  const board = {
    title: 'nestjs-redis-streams',
    uid: 'nestjs-redis-streams',
    description: 'Printed by `npm run docs` from scripts/deploy/board.ts.',
    ...{ schemaVersion: 39, version: 1, editable: true, refresh: '30s' },
    time: { from: 'now-1h', to: 'now' },
    tags: ['nestjs', 'redis'],
    templating: {
      list: [
        { name: 'source', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
        variable('group', prometheusName('entries')),
        variable('pattern', prometheusName('calls')),
      ],
    },
    panels: PANELS.map(panel),
  };
  return JSON.stringify(board, undefined, 2);
}
