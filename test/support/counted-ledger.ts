import type { Ledger, Transaction } from '../../src/ledger/ledger.ts';

/** A ledger that remembers what each committed transaction ran, and counts what was read outside of one. */
export interface CountedLedger extends Ledger {
  /** For each commit, its statements in order. */
  readonly commits: (readonly string[])[];
  readonly reads: { count: number };
}

export function countedLedger(ledger: Ledger): CountedLedger {
  const commits: string[][] = [];
  const reads = { count: 0 };
  const write: Ledger['write'] = async (work) => {
    const statements: string[] = [];
    const result = await ledger.write((tx) => work(counted(tx, statements)));
    commits.push(statements);
    return result;
  };
  return {
    dialect: ledger.dialect,
    commits,
    reads,
    write,
    writeConcurrently: write,
    all(sql, ...parameters) {
      reads.count += 1;
      return ledger.all(sql, ...parameters);
    },
    get(sql, ...parameters) {
      reads.count += 1;
      return ledger.get(sql, ...parameters);
    },
    close: () => ledger.close(),
  };
}

function counted(tx: Transaction, statements: string[]): Transaction {
  return {
    dialect: tx.dialect,
    all(sql, ...parameters) {
      statements.push(sql);
      return tx.all(sql, ...parameters);
    },
    get(sql, ...parameters) {
      statements.push(sql);
      return tx.get(sql, ...parameters);
    },
    run(sql, ...parameters) {
      statements.push(sql);
      return tx.run(sql, ...parameters);
    },
  };
}
