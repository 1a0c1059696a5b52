import type { ComponentChildren } from 'preact';
import { t } from '../i18n/index.ts';
import { navigate, query, withQuery } from '../router.ts';
import { Button } from './button.tsx';

export interface Column<Row> {
  readonly name: string;
  /** Where its name would only repeat what is there. */
  readonly isUnnamed?: boolean;
  readonly isNumber?: boolean;
  readonly head?: ComponentChildren;
  readonly cell: (row: Row) => ComponentChildren;
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly children?: ComponentChildren;
}

/** A real table: found by the browser, told by readers; on a narrow screen each row is a card. */
export function Table<Row>({ caption, columns, rows, keyOf, children }: TableProps<Row>) {
  return (
    <div class="table-box">
      <table class="can-fold">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, head, isNumber, isUnnamed }) => (
              <th key={name} scope="col" class={isNumber ? 'number' : ''}>
                {head ?? (isUnnamed ? <span class="unseen">{name}</span> : name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, cell, isNumber, isUnnamed }) => (
                <td key={name} data-name={isUnnamed ? undefined : name} class={isNumber ? 'number' : ''}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {children}
    </div>
  );
}

interface PagerProps {
  /** Of the address; the first page has none there. */
  readonly name?: string;
  /** What the next page has there; null: this is the last. */
  readonly next: string | null;
  readonly children?: ComponentChildren;
}

/** By cursor: a page costs the same wherever it is. */
export function Pager({ name = 'cursor', next, children }: PagerProps) {
  const isFirst = !query.value.has(name);
  if (isFirst && next === null && !children) return null;
  return (
    <div class="pager">
      {!isFirst && (
        <Button small onClick={() => navigate(withQuery({ [name]: null }))}>
          {t().common.first}
        </Button>
      )}
      {next !== null && (
        <Button small onClick={() => navigate(withQuery({ [name]: next }))}>
          {t().common.next}
        </Button>
      )}
      {children}
    </div>
  );
}
