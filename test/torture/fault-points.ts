/**
 * Preloaded into the server (`node --import`) by the torture harness: kills the process at a chosen commit.
 *
 * `TIDINGS_FAULT=KIND:WHEN:COUNT`, where KIND is a transaction that holds such a statement, WHEN is `before` or
 * `after` its commit, and COUNT says at which of them. A kill is SIGKILL of itself: nothing is flushed, nobody is told.
 */
import { DatabaseSync } from 'node:sqlite';

const SIGNS: Record<string, RegExp> = {
  freeze: /^\s*INSERT INTO deliveries/,
  claim: /SET status = 'sending'/,
  settle: /^\s*UPDATE deliveries SET status = \?/,
  recover: /^\s*UPDATE deliveries (INDEXED BY \w+ )?SET status = 'failed'/,
};

const [kind = '', when = '', count = '1'] = (process.env['TIDINGS_FAULT'] ?? '').split(':');
const sign = SIGNS[kind];

if (sign) {
  let isMarked = false;
  let left = Number(count);
  const { prepare, exec } = DatabaseSync.prototype;

  DatabaseSync.prototype.prepare = function (sql, ...rest) {
    const statement = prepare.call(this, sql, ...rest);
    if (!sign.test(sql)) return statement;
    const { run, all } = statement;
    statement.run = ((...parameters: unknown[]) => {
      const result = Reflect.apply(run, statement, parameters);
      if (result.changes) isMarked = true;
      return result;
    }) as typeof run;
    // What is changed and told, by RETURNING.
    statement.all = ((...parameters: unknown[]) => {
      const rows = Reflect.apply(all, statement, parameters);
      if (rows.length > 0) isMarked = true;
      return rows;
    }) as typeof all;
    return statement;
  };

  DatabaseSync.prototype.exec = function (sql) {
    const isHit = sql === 'COMMIT' && isMarked && --left === 0;
    if (sql === 'COMMIT' || sql === 'ROLLBACK') isMarked = false;
    if (isHit && when === 'before') process.kill(process.pid, 'SIGKILL');
    exec.call(this, sql);
    if (isHit) process.kill(process.pid, 'SIGKILL');
  };
}
