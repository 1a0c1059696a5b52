import { expect, it } from 'vitest';
import type { Attempt, Recipient } from '../../core/deliveries/sender.ts';
import { parseMergeText } from '../../core/messages/parse-merge-text.ts';
import { parseTemplate } from '../../core/messages/template-message.ts';
import type { TemplateContent } from '../../core/templates/template.ts';
import { SandboxNumber } from './sandbox-number.ts';
import { createSandboxSender, type OutboxEntry, type OutboxText } from './sandbox-sender.ts';

const CONTENT: TemplateContent = {
  language: 'en',
  header: { kind: 'text', text: 'For {{1}}' },
  body: 'Hi {{1}}, the {{2}} plan is ready.',
  footer: 'Reply STOP to opt out',
  buttons: [],
};
const TO: Recipient = {
  contact: '+525512345001',
  values: { lead: { first_name: 'Ana', metadata: { plan: 'pro' } } as never, site: { name: null } },
};
const ATTEMPT: Attempt = { deliveryId: '0f.1', attemptId: '0f.1.1-a', mayLeave: () => true };

it('shows in the outbox what the template comes to, and the text to whoever wrote', async () => {
  const shown: string[] = [];
  const outbox = {
    record(text: OutboxText, make: () => OutboxEntry) {
      const { values } = make();
      shown.push(text.parts.map((part) => (typeof part === 'number' ? values[part] : part)).join(''));
    },
  };
  const number = new SandboxNumber();
  const sender = createSandboxSender('whatsapp', outbox, undefined, number);
  const values = { header: '{{lead.first_name}}', 1: '{{lead.first_name}}', 2: '{{lead.metadata.plan}}' };
  const template = parseTemplate({
    name: 't',
    content: CONTENT,
    category: 'marketing',
    isMade: true,
    values,
  });
  const prepared = sender.prepare({
    channel: 'whatsapp',
    body: parseMergeText('Hi {{lead.first_name}}'),
    template,
  });
  await prepared.deliver({ ...TO, byTemplate: true }, ATTEMPT);
  await prepared.deliver(TO, ATTEMPT);
  expect(shown).toEqual(['For Ana\n\nHi Ana, the pro plan is ready.\n\nReply STOP to opt out', 'Hi Ana']);
  expect(prepared.preview({ ...TO, byTemplate: true }).text).toBe(shown[0]);
  expect(number.taken).toEqual([1, 2].map(() => ({ attemptId: ATTEMPT.attemptId, contact: TO.contact })));
});

it('approves a template after a moment, and knows it by its name until it is removed', async () => {
  const { templates } = new SandboxNumber().account;
  const draft = { name: 't', category: 'marketing' as const, content: CONTENT, samples: {} };
  const submitted = templates.submit(draft);
  expect(await templates.find('t')).toMatchObject({ value: [{ status: 'PENDING' }] });
  const answer = await submitted;
  expect(answer).toMatchObject({ ok: true, value: { status: 'APPROVED' } });
  expect(await templates.list(null)).toMatchObject({
    value: { templates: [{ name: 't', status: 'APPROVED' }] },
  });
  await templates.remove({ name: 't', providerId: answer.ok ? answer.value.providerId : '' });
  expect(await templates.find('t')).toMatchObject({ value: [] });
});
