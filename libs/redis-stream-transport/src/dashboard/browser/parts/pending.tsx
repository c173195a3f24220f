import type { PendingEntry } from '../../../operate/index.js';
import { count, duration, moment, shown } from '../format.js';
import { to } from '../route.js';
import { Table } from './table.js';

const SAID = {
  held: 'with an instance',
  retry: 'waits for another attempt',
  orphaned: 'its instance is gone; another takes it over',
  started: 'started, at most once',
} as const;
const TONE = { held: 'good', retry: 'warn', orphaned: 'bad', started: 'good' } as const;

/** Entries that instances hold. */
export function PendingTable(given: { readonly entries: readonly PendingEntry[] }) {
  return (
    <Table
      caption="Entries that run, or wait for another attempt"
      rows={given.entries}
      keyOf={({ entry, group, stream }) => `${group} ${stream} ${entry}`}
      none="Nothing runs, and nothing waits for another attempt."
      columns={[
        { name: 'Entry', head: true, cell: ({ entry }) => <code class="id">{entry}</code> },
        {
          name: 'State',
          cell: ({ state }) => (
            <span class={`tag ${TONE[state]}`} title={SAID[state]}>
              {state}
            </span>
          ),
        },
        { name: 'Age', number: true, cell: ({ age }) => duration(age) },
        { name: 'With', cell: ({ instance }) => shown(instance) },
        { name: 'Held for', number: true, cell: ({ heldFor }) => duration(heldFor) },
        { name: 'Deliveries', number: true, cell: ({ deliveries }) => count(deliveries) },
        { name: 'Failed', number: true, cell: ({ attempts }) => count(attempts) },
        { name: 'Next attempt', cell: ({ dueAt }) => (dueAt === undefined ? '–' : moment(dueAt)) },
        {
          name: 'Calls',
          cell: ({ calls }) =>
            calls.length === 0
              ? 'event'
              : calls.slice(0, 3).map((call) => (
                  <a key={call} href={to('call', call)}>
                    {call.slice(call.indexOf('/') + 1)}{' '}
                  </a>
                )),
        },
      ]}
    />
  );
}
