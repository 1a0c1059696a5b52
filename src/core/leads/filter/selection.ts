import type { Reader, Value } from '../../../ledger/ledger.ts';
import { judgeLeaf } from './judge-leaf.ts';
import { type Bounds, columnsFor, judgedTexts, leafSql } from './leaf-sql.ts';
import type { Leaf, Node, NumberedRows } from './node.ts';
import { boundsOf } from './numbered-rows.ts';

/** Leads that a filter lets through, within a span: what stands behind FROM, as `q`, with the columns asked for. */
interface Statement {
  readonly from: string;
  readonly parameters: readonly Value[];
  /** TRUE, FALSE, or NULL where the rows have to be judged. */
  readonly holds: string;
}

/** A limit that limits nothing: behind it each condition is evaluated once, and not wherever it is named. */
export const FENCE = ' LIMIT 1000000000';

/** A filter, made ready to be asked about one span of leads after the other. Erased leads are never let through. */
export class Selection {
  readonly #node: Node;
  readonly #leaves: Leaf[];
  /** What rows are judged by: SQL, without repetition, and where the texts of each leaf stand in it. */
  readonly #texts: readonly string[];
  readonly #textsOf: readonly (readonly number[])[];
  /** The database alone can tell. */
  readonly isTold: boolean;

  constructor(node: Node) {
    this.#node = node;
    this.#leaves = leavesOf(node);
    const texts = this.#leaves.map(judgedTexts);
    this.#texts = [...new Set(texts.flat())];
    this.#textsOf = texts.map((own) => own.map((text) => this.#texts.indexOf(text)));
    this.isTold = this.#texts.length === 0;
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
    more: readonly string[] = [],
    fence = '',
  ): Promise<Statement> {
    const bounds: Bounds = await boundsOf(reader, this.#leaves, after, through);
    const made = this.#leaves.map((leaf) => leafSql(leaf, reader.dialect, bounds));
    // Two steps, so that a text that is put together is so once.
    const inner = new Set(['l.seq', ...this.#leaves.flatMap(columnsFor), ...more]);
    const columns = [
      'l.seq',
      ...made.map(({ sql }, at) => `(${sql}) AS c${at}`),
      ...this.#texts.map((text, at) => `${text} AS t${at}`),
      ...more.map((column) => `l.${nameOf(column)}`),
    ];
    return {
      from: `(SELECT ${columns.join(', ')} FROM
        (SELECT ${[...inner].join(', ')} FROM leads l WHERE l.seq > ? AND l.seq <= ? AND l.deleted_at IS NULL${fence}) l${fence}) q`,
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

  /** The numbers of those that are let through, in order. @param those `unsure`: only of whom the database cannot tell */
  async seqs(
    reader: Reader,
    after: number,
    through: number,
    those: 'all' | 'unsure' = 'all',
  ): Promise<number[]> {
    const { from, parameters, holds } = await this.statement(reader, after, through, [], FENCE);
    const rows = await reader.all<{ seq: number }>(
      `SELECT * FROM ${from} WHERE (${holds}) IS ${those === 'all' ? 'NOT FALSE' : 'NULL'}`,
      ...parameters,
    );
    const found = this.isTold ? rows : rows.filter((row) => this.#judge(row));
    return found.map(({ seq }) => seq).sort((one, other) => one - other);
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
    const place = { at: 0 };
    const holds = (node: Node): boolean => {
      if (node.kind === 'not') return !holds(node.node);
      // Every leaf is counted, whatever those before it say.
      if (node.kind === 'all') return node.nodes.map(holds).every(Boolean);
      if (node.kind === 'any') return node.nodes.map(holds).some(Boolean);
      const leaf = place.at++;
      const told = values[`c${leaf}`];
      if (told !== null) return Boolean(told);
      return judgeLeaf(
        node,
        this.#textsOf[leaf]!.map((text) => values[`t${text}`] as string | null),
      );
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

function nameOf(column: string): string {
  return /\w+$/.exec(column)![0];
}

function leavesOf(node: Node): Leaf[] {
  if (node.kind === 'not') return leavesOf(node.node);
  return node.kind === 'all' || node.kind === 'any' ? node.nodes.flatMap(leavesOf) : [node];
}
