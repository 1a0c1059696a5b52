import type { Reader, Value } from '../../../ledger/ledger.ts';
import { type JudgedColumn, type JudgedRow, judgedColumns, judgeLeaf } from './judge-leaf.ts';
import { type Bounds, leafSql } from './leaf-sql.ts';
import type { Leaf, Node, NumberedRows } from './node.ts';
import { boundsOf } from './numbered-rows.ts';

/** Leads that a filter lets through, within a span: what stands behind FROM, as `q`, with the columns asked for. */
interface Statement {
  readonly from: string;
  readonly parameters: readonly Value[];
  /** TRUE, FALSE, or NULL where the rows have to be judged. */
  readonly holds: string;
}

/** A filter, made ready to be asked about one span of leads after the other. Erased leads are never let through. */
export class Selection {
  readonly #node: Node;
  readonly #leaves: Leaf[];
  readonly #columns: readonly JudgedColumn[];
  /** The database alone can tell. */
  readonly isTold: boolean;

  constructor(node: Node) {
    this.#node = node;
    this.#leaves = leavesOf(node);
    this.#columns = [...new Set(this.#leaves.flatMap(judgedColumns))];
    this.isTold = this.#columns.length === 0;
  }

  /** Whose rows it looks at. */
  rowsOf({ table }: NumberedRows): number[] {
    return this.#leaves.flatMap((leaf) =>
      leaf.kind === 'rows' && leaf.of.table === table ? [leaf.seq] : [],
    );
  }

  get letsAllThrough(): boolean {
    return this.#leaves.length === 0;
  }

  /** @param more columns of leads `l`, besides `seq` */
  async statement(
    reader: Reader,
    after: number,
    through: number,
    more: readonly string[],
  ): Promise<Statement> {
    const bounds: Bounds = await boundsOf(reader, this.#leaves, after, through);
    const made = this.#leaves.map((leaf) => leafSql(leaf, reader.dialect, bounds));
    const columns = [
      'l.seq',
      ...made.map(({ sql }, at) => `(${sql}) AS c${at}`),
      ...this.#columns.map((column) => `l.${column} AS j_${column}`),
      ...more,
    ];
    return {
      from: `(SELECT ${columns.join(', ')} FROM leads l WHERE l.seq > ? AND l.seq <= ? AND l.deleted_at IS NULL) q`,
      parameters: [...made.flatMap(({ parameters }) => parameters), after, through],
      holds: this.#sql(this.#node, { at: 0 }),
    };
  }

  /** The rows of a span that are let through, in order, with what `more` names. */
  async rows<T extends object>(
    reader: Reader,
    after: number,
    through: number,
    more: readonly string[] = [],
  ): Promise<(T & { seq: number })[]> {
    const { from, parameters, holds } = await this.statement(reader, after, through, more);
    const rows = await reader.all<T & { seq: number }>(
      `SELECT * FROM ${from} WHERE (${holds}) IS NOT FALSE ORDER BY q.seq`,
      ...parameters,
    );
    return this.isTold ? rows : rows.filter((row) => this.#judge(row));
  }

  #sql(node: Node, place: { at: number }): string {
    if (node.kind === 'not') return `NOT (${this.#sql(node.node, place)})`;
    if (node.kind !== 'all' && node.kind !== 'any') return `q.c${place.at++}`;
    if (node.nodes.length === 0) return node.kind === 'all' ? 'TRUE' : 'FALSE';
    const parts = node.nodes.map((inner) => `(${this.#sql(inner, place)})`);
    return parts.join(node.kind === 'all' ? ' AND ' : ' OR ');
  }

  #judge(row: object): boolean {
    const values = row as Readonly<Record<string, unknown>>;
    const judged = Object.fromEntries(
      this.#columns.map((column) => [column, values[`j_${column}`]]),
    ) as JudgedRow;
    const place = { at: 0 };
    const holds = (node: Node): boolean => {
      if (node.kind === 'not') return !holds(node.node);
      // Every leaf is counted, whatever those before it say.
      if (node.kind === 'all') return node.nodes.map(holds).every(Boolean);
      if (node.kind === 'any') return node.nodes.map(holds).some(Boolean);
      const told = values[`c${place.at++}`];
      return told === null ? judgeLeaf(node, judged) : Boolean(told);
    };
    return holds(this.#node);
  }

  /** What is found by an index: each lead that is let through is one of these. null: all have to be looked at. */
  get source(): (Leaf & { kind: 'leads' | 'imported' | 'rows' }) | null {
    const must = this.#node.kind === 'all' ? this.#node.nodes : [this.#node];
    for (const kind of ['leads', 'imported', 'rows'] as const) {
      const found = must.find((node) => node.kind === kind);
      if (found) return found as Leaf & { kind: typeof kind };
    }
    return null;
  }
}

function leavesOf(node: Node): Leaf[] {
  if (node.kind === 'not') return leavesOf(node.node);
  return node.kind === 'all' || node.kind === 'any' ? node.nodes.flatMap(leavesOf) : [node];
}
