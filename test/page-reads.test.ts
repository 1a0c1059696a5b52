import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { COUNTED, FOR_PEOPLE, pageReads } from '../bench/support/page-reads.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { PERSON } from './support/caller.ts';
import { openCore, removeFolder } from './support/core.ts';
import { FakeSender } from './support/fake-sender.ts';

/*
 * A page costs the same for a hundred leads and for a million: how each statement finds its rows is asked of the database
 * itself. `npm run bench -- pages` measures them.
 */

const ROOMS = 'leads|audience_members|deliveries|events|receipts|suppressions|outbox|audit';
const read = new Set<string>();
let core: Awaited<ReturnType<typeof openCore>>;
let reads: ReturnType<typeof pageReads>;

/** Remembers what is read. */
function heard(ledger: Ledger): Ledger {
  return {
    dialect: ledger.dialect,
    write: (work) => ledger.write(work),
    writeConcurrently: (work) => ledger.writeConcurrently(work),
    all(sql, ...parameters) {
      read.add(sql);
      return ledger.all(sql, ...parameters);
    },
    get(sql, ...parameters) {
      read.add(sql);
      return ledger.get(sql, ...parameters);
    },
    close: () => ledger.close(),
  };
}

beforeAll(async () => {
  core = await openCore([new FakeSender('email')], undefined, heard);
  const leads = Array.from({ length: 300 }, (_, at) => ({ name: `Ana ${at}`, email: `p${at}@example.com` }));
  await core.call('leads.import', { leads });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const message = { subject: 'Offer', message: 'Hi', max_wait_seconds: 0 };
  const { send_id } = await core.call('sendBulkMessages', { audience_id, channel: 'email', ...message });
  const [{ id: lead_id }] = (await core.call('leads.list', { limit: 1 })).leads;
  reads = [...pageReads({ lead_id, audience_id, send_id }), ...FOR_PEOPLE];
});
afterAll(async () => {
  await core.close();
  removeFolder(core.folder);
});

it('no read of a page walks a table to its end, or sorts one', async () => {
  const slow: string[] = [];
  for (const [page, name, input] of reads) {
    read.clear();
    await core.call(name, name === 'audience.get' ? { ...input, page: 1 } : input, PERSON);
    for (const sql of read) {
      if (/^\s*EXPLAIN/.test(sql)) continue;
      const plan = await core.ledger.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...blanks(sql));
      const names = new Map(
        [...sql.matchAll(new RegExp(`\\b(${ROOMS})(?: AS)? (\\w+)\\b`, 'g'))].map(([, room, name]) => [
          name!,
          room!,
        ]),
      );
      for (const { detail } of plan) {
        const [, walked = ''] = /^SCAN (\w+)/.exec(detail) ?? [];
        const isRoom = new RegExp(`^(${ROOMS})$`).test(walked) || names.has(walked);
        if (isRoom && !/\bLIMIT\b/.test(sql)) slow.push(`${page}, ${name}: ${detail} in ${sql}`);
      }
    }
  }
  expect(slow).toEqual([]);
});

it('the fields that leads have are told of some from all over, where fewer are to be looked at', async () => {
  const some = await core.call('leads.fields', { look_at: 100 });
  expect(some.complete).toBe(false);
  expect(some.looked_at).toBeLessThanOrEqual(150);
  expect(some.fields).toContainEqual({ field: 'lead.email', leads: some.looked_at });
  expect(await core.call('leads.fields')).toMatchObject({ complete: true, looked_at: 300 });
});

it('whatever a screen asks for is among the reads that are looked at here', () => {
  const web = join(import.meta.dirname, '../web');
  const asked = globSync('**/*.tsx', { cwd: web }).flatMap((file) => [
    ...readFileSync(join(web, file), 'utf8').matchAll(/\buse(?:Live|Call|Polled)\(\s*'([\w.]+)'/g),
  ]);
  const names = new Set(asked.map(([, name]) => name!));
  expect(names.size).toBeGreaterThan(15);
  const known = new Set([...reads, ...COUNTED].map(([, name]) => name));
  expect([...names].filter((name) => !known.has(name))).toEqual([]);
});

/** A plan does not depend on the values. */
function blanks(sql: string): null[] {
  return Array.from({ length: sql.split('?').length - 1 }, () => null);
}
