import { eventTables } from './events.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** What providers say later is kept. Code of the version before goes on beside it: it hears nothing of that. */
export const events: Migration = {
  oldestCode: 1,
  sqlite: eventTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: eventTables.flatMap((one) => statementsOf(one, 'postgres')),
};
