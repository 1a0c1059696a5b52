import { describe, expect, test } from 'vitest';
import type { Attempt, Recipient } from '../../core/deliveries/sender.ts';
import { parseMergeText } from '../../core/messages/parse-merge-text.ts';
import { createSandboxSender, type Outbox, type OutboxEntry } from './sandbox-sender.ts';

/** With the text of each message put together, as its reader would see it. */
function memoryOutbox() {
  const entries: (Omit<OutboxEntry, 'values'> & { channel: string; from: string | null; text: string })[] =
    [];
  const outbox: Outbox = {
    record({ channel, from, parts }, make) {
      const { values, ...entry } = make();
      const text = parts.map((part) => (typeof part === 'string' ? part : values[part])).join('');
      entries.push({ ...entry, channel, from, text });
    },
  };
  return { ...outbox, entries };
}

const ATTEMPT: Attempt = { deliveryId: '0f0f.1', attemptId: '0f0f.1.2-abc', mayLeave: () => true };
const ANN: Recipient = {
  contact: 'ann@example.org',
  values: {
    lead: {
      name: 'Ann <b>Lee</b>',
      email: 'ann@example.org',
      phone: '+16505551234',
      position: null,
      company: null,
      notes: null,
      metadata: {},
    },
    site: { name: 'Tidings' },
  },
};
const ON_WHATSAPP: Recipient = { ...ANN, contact: '+16505551234' };

function html(body: string, subject = 'For {{lead.name}}') {
  return {
    channel: 'email' as const,
    format: 'html' as const,
    body: parseMergeText(body),
    subject: parseMergeText(subject),
    fromName: 'Team',
  };
}

function text(body: string) {
  return { channel: 'whatsapp' as const, body: parseMergeText(body) };
}

describe('the sandbox', () => {
  test('records an email in the outbox, as plain text, and calls it accepted', async () => {
    const outbox = memoryOutbox();
    const sender = createSandboxSender('email', outbox);
    const message = sender.prepare(
      html('<h1>Hello, {{lead.name}}!</h1><p>See <a href="https://x.test">it</a>.</p>'),
    );
    expect(await message.deliver(ANN, ATTEMPT)).toEqual({
      type: 'accepted',
      providerMessageId: 'sandbox-0f0f.1',
    });
    expect(outbox.entries).toEqual([
      {
        channel: 'email',
        deliveryId: '0f0f.1',
        attemptId: '0f0f.1.2-abc',
        to: 'ann@example.org',
        from: 'Team',
        subject: 'For Ann <b>Lee</b>',
        text: 'Hello, Ann <b>Lee</b>!\n\nSee it (https://x.test).',
        recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    ]);
    const { from, to, subject, text } = outbox.entries[0]!;
    expect(message.preview(ANN)).toMatchObject({ from, to, subject, text });
  });

  test('does not wrap long lines of an email', async () => {
    const line = 'word '.repeat(100).trim();
    const message = createSandboxSender('email', memoryOutbox()).prepare(html(`<p>${line}</p>`));
    expect(message.preview(ANN).text).toBe(line);
  });

  test('keeps a subject on one line, whatever a lead is called', () => {
    const message = createSandboxSender('email', memoryOutbox()).prepare(html('<p>Hi</p>'));
    const lead = { ...ANN.values.lead, name: 'Ann\r\nBcc: all' };
    expect(message.preview({ ...ANN, values: { ...ANN.values, lead } }).subject).toBe('For Ann Bcc: all');
  });

  test('records a WhatsApp text without sender name or subject', async () => {
    const outbox = memoryOutbox();
    const sender = createSandboxSender('whatsapp', outbox);
    await sender.prepare(text('Hi {{lead.company | default: "you"}}')).deliver(ON_WHATSAPP, ATTEMPT);
    expect(outbox.entries).toMatchObject([
      { channel: 'whatsapp', to: '+16505551234', from: null, subject: null, text: 'Hi you' },
    ]);
  });

  test('keeps the limits of WhatsApp', async () => {
    const outbox = memoryOutbox();
    const sender = createSandboxSender('whatsapp', outbox);
    expect(() => sender.prepare(text('x'.repeat(4_097)))).toThrow(/4097 characters/);
    const long = await sender
      .prepare(text(`{{lead.name}}${'x'.repeat(4_096)}`))
      .deliver(ON_WHATSAPP, ATTEMPT);
    const empty = await sender.prepare(text('{{lead.company}}')).deliver(ON_WHATSAPP, ATTEMPT);
    expect([long, empty]).toMatchObject([{ code: 'message_too_long' }, { code: 'message_empty' }]);
    expect(outbox.entries).toEqual([]);
  });

  test('waits for an outbox that cannot be written, at no cost to the lead', async () => {
    for (const record of [
      () => Promise.reject(new Error('disk full')),
      () => {
        throw new Error('disk full');
      },
    ]) {
      const message = createSandboxSender('whatsapp', { record }).prepare(text('Hi'));
      expect(await message.deliver(ON_WHATSAPP, ATTEMPT)).toMatchObject({
        type: 'transient',
        scope: 'sender',
        code: 'outbox_unavailable',
      });
    }
  });

  test('names itself, has no rate, and takes no message of another channel', () => {
    const sender = createSandboxSender('email', memoryOutbox());
    expect(sender.about).toEqual({
      id: 'sandbox:email',
      channel: 'email',
      provider: 'sandbox',
      mode: 'sandbox',
      ratePerSecond: null,
      windowSize: 256,
    });
    expect(() => sender.prepare(text('Hi'))).toThrow('a sender of email was given a message for whatsapp');
  });
});
