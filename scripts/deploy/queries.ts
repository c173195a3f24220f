// Queries of the board and the alerts, made of the names in the table of instruments.
import {
  prometheusName,
  type InstrumentName,
} from '../../libs/redis-stream-transport/src/metrics/instruments.js';

const chosen = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

/** A figure of Redis: one process has it, and another one a moment later. */
export const figure = (name: InstrumentName, by: string, labels = ''): string =>
  by === ''
    ? `max(${prometheusName(name)}${chosen(labels)})`
    : `max by (${by}) (${prometheusName(name)}${chosen(labels)})`;

/** The sum of a figure over patterns. */
export const sumOf = (name: InstrumentName, by: string, labels = ''): string =>
  `sum by (${by}) (${figure(name, `${by}, pattern`, labels)})`;

/** How often something happens in a second. */
export const rate = (name: InstrumentName, by: string, range: string, labels = ''): string =>
  `sum by (${by}) (rate(${prometheusName(name)}${chosen(labels)}[${range}]))`;

/** How often it has happened within a time. */
export const times = (name: InstrumentName, by: string, range: string, labels = ''): string =>
  `sum by (${by}) (increase(${prometheusName(name)}${chosen(labels)}[${range}]))`;

/** The time that 99 of 100 do not exceed. */
export const p99 = (name: InstrumentName, by: string, range: string, labels = ''): string =>
  `histogram_quantile(0.99, sum by (${by}, le) (rate(${prometheusName(name)}_bucket${chosen(labels)}[${range}])))`;

/** The part of calls that failed. Those that were cancelled, or refused while an operator paused them, did not. */
export const failing = (range: string, labels = ''): string => {
  const failed = ['result!="answered"', 'code!~"CANCELLED|PAUSED"', labels]
    .filter(Boolean)
    .join(', ');
  return `${rate('calls', 'pattern', range, failed)} / ${rate('calls', 'pattern', range, labels)}`;
};
