import { expect, it } from 'vitest';
import { noteConversations } from '../../src/core/conversations/conversation.store.ts';
import type { ProviderTemplate } from '../../src/core/templates/template-registry.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { type CountedLedger, countedLedger } from '../support/counted-ledger.ts';
import { FakeSender } from '../support/fake-sender.ts';

const LEADS = 1_000;
const WINDOW = 128;

/** A provider that approves whatever it is given, in an account without a limit. */
function approvingSender(): FakeSender {
  const known: ProviderTemplate[] = [];
  const account = {
    id: 'account',
    templates: {
      list: async () => ({ ok: true, value: { templates: known, next: null } }) as const,
      find: async (name: string) => ({ ok: true, value: known.filter((one) => one.name === name) }) as const,
      async submit({ name, category, content }: Pick<ProviderTemplate, 'name' | 'category' | 'content'>) {
        const made = { providerId: name, status: 'APPROVED', category } as const;
        known.push({ ...made, name, content, reason: null, quality: null });
        return { ok: true, value: made } as const;
      },
      remove: async () => ({ ok: true, value: null }) as const,
    },
    limits: async () => ({ ok: true, value: { peoplePerDay: null, quality: null } }) as const,
  };
  return Object.assign(new FakeSender('whatsapp', WINDOW), { account });
}

it('deciding between text and template costs no statement for a message: two, as ever, and some for a window', async () => {
  const sender = approvingSender();
  let ledger!: CountedLedger;
  const core = await openCore([sender], undefined, (opened: Ledger) => {
    ledger = countedLedger(opened);
    return ledger;
  });
  const phone = (at: number) => `+5255123${String(at).padStart(5, '0')}`;
  try {
    const leads = Array.from({ length: LEADS }, (_, at) => ({ name: `Lead ${at}`, phone: phone(at) }));
    await core.call('leads.import', { leads });
    const { audience_id } = await core.call('audience.create', { name: 'All' });
    const last_inbound_at = Date.now() - 60_000;
    const wrote = leads
      .filter((_, at) => at % 2 === 0)
      .map((lead) => ({ sender: sender.about.id, contact: lead.phone, last_inbound_at }));
    await core.ledger.write((tx) => noteConversations(tx, wrote));
    // Made and approved beforehand: nobody waits.
    const message = 'Hello {{lead.name}}, we have an offer for you this week.';
    await core.call('templates.create', { message });
    core.dispatcher.start();
    const before = ledger.commits.length;
    const call = { audience_id, channel: 'whatsapp', message, max_wait_seconds: 60 };
    expect(await core.call('sendBulkMessages', call)).toMatchObject({
      total_sent: LEADS,
      state: 'completed',
    });
    const commits = ledger.commits.slice(before).filter((sqls) => sqls.some((sql) => /deliveries/.test(sql)));
    const statements = commits.flat();
    const byTemplate = await core.ledger.get<{ n: number }>(
      'SELECT CAST(count(*) AS BIGINT) AS n FROM template_messages',
    );
    expect(byTemplate!.n).toBe(LEADS / 2);
    if (core.ledger.dialect === 'sqlite') {
      const onRows = statements.filter((sql) => /^UPDATE deliveries .*position = /s.test(sql));
      expect(onRows.length).toBe(2 * LEADS);
      expect((statements.length - onRows.length) / commits.length).toBeLessThan(20);
    } else expect(statements.length / commits.length).toBeLessThan(30);
  } finally {
    await core.close();
    removeFolder(core.folder);
  }
});
