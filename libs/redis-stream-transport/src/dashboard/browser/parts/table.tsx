import type { ComponentChildren } from 'preact';

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Numbers stand on the right. */
  readonly number?: boolean;
  /** What the figures are. */
  readonly hint?: string;
  /** The cell names the row. */
  readonly head?: boolean;
}

/** A table; on a phone each row is a card. Roles are written out, because cards are no tables to some browsers. */
export function Table<T>(given: {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly none: string;
}) {
  const { caption, columns, rows, keyOf, none } = given;
  if (rows.length === 0) return <p class="faint empty">{none}</p>;
  return (
    <table role="table">
      <caption class="unseen">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, number, hint }) => (
            <th
              role="columnheader"
              scope="col"
              class={number ? 'number' : ''}
              title={hint}
              key={name}
            >
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" key={keyOf(row)}>
            {columns.map(({ name, cell, number, head }) =>
              head ? (
                <th role="rowheader" scope="row" key={name}>
                  {cell(row)}
                </th>
              ) : (
                <td role="cell" data-name={name} class={number ? 'number' : ''} key={name}>
                  {cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A number with its name. */
export function Tile(given: {
  readonly name: string;
  readonly value: string;
  readonly tone?: 'bad' | 'warn' | undefined;
  readonly href?: string;
}) {
  const { name, value, tone, href } = given;
  return (
    <div class={`tile ${tone ?? ''}`}>
      <dt>{href === undefined ? name : <a href={href}>{name}</a>}</dt>
      <dd>{value}</dd>
    </div>
  );
}
