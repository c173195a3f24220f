import { Fragment } from 'preact';
import { count, duration, rate, shown } from '../format.js';
import { useAsked, When } from './asked.js';
import { Table, type Column } from './table.js';

interface Sender {
  readonly application: string;
  readonly process: string;
  readonly over: number;
  /** How many patterns it sends. */
  readonly of: number;
  readonly patterns: readonly { readonly pattern: string; readonly entries: number }[];
}

const WHO: readonly Column<Sender>[] = [
  { name: 'Application', head: true, cell: ({ application }) => shown(application) },
  { name: 'Process', cell: ({ process }) => shown(process) },
];

const sent = ({ patterns }: Sender): number =>
  patterns.reduce((total, { entries }) => total + entries, 0);

/** Which applications send a pattern, or anything. */
export function Senders({ pattern }: { readonly pattern?: string }) {
  const asked = useAsked<{ senders: Sender[]; complete: boolean }>('senders', { pattern }, 10_000);
  const what: Column<Sender> =
    pattern === undefined
      ? { name: 'Sends', cell: Patterns }
      : { name: 'Per second', number: true, cell: (one) => rate(sent(one) / (one.over / 1000)) };
  return (
    <When asked={asked}>
      {({ senders, complete }) => (
        <>
          <Table
            caption={pattern === undefined ? 'What applications send' : 'Who sends this'}
            rows={senders}
            keyOf={({ application, process }) => `${application} ${process}`}
            none="Nobody has said so in the last ten minutes."
            columns={[
              ...WHO,
              { name: 'Entries', number: true, cell: (one) => count(sent(one)) },
              what,
              { name: 'In', number: true, cell: ({ over }) => duration(over) },
            ]}
          />
          {!complete && <p class="faint">There are more; these are some.</p>}
        </>
      )}
    </When>
  );
}

function Patterns({ patterns, of }: Sender) {
  return (
    <span class="text">
      {patterns.map(({ pattern, entries }, at) => (
        <Fragment key={pattern}>
          {at > 0 && ', '}
          <span class="name">{shown(pattern)}</span> <span class="faint">{count(entries)}</span>
        </Fragment>
      ))}
      {of > patterns.length && ` and ${count(of - patterns.length)} more`}
    </span>
  );
}
