import { afterEach, describe, expect, test } from 'vitest';
import {
  type RunningTwilio,
  startTwilio,
  type TwilioAnswer,
} from '../../../../test/support/twilio-server.ts';
import type { Attempt, Recipient } from '../../../core/deliveries/sender.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { TWILIO_GROUPS } from './errors.ts';
import type { TwilioOptions } from './settings.ts';
import { createTwilioSender } from './twilio-sender.ts';

const SID = `AC${'0'.repeat(31)}1`;
const SERVICE = `MG${'0'.repeat(31)}2`;
const TOKEN = 'test-token';
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function open(options: Partial<TwilioOptions> = {}, answer?: TwilioAnswer) {
  const server: RunningTwilio = await startTwilio({
    accountSid: SID,
    authToken: TOKEN,
    ...(answer && { script: () => answer }),
  });
  const sender = createTwilioSender({
    accountSid: SID,
    authToken: TOKEN,
    from: '+15550001111',
    messagingServiceSid: null,
    apiUrl: server.url,
    ratePerSecond: 80,
    statusUrl: 'https://tidings.example.com/webhooks/twilio',
    timeoutMs: 500,
    ...options,
  });
  cleanUps.push(
    () => server.stop(),
    () => sender.close(),
  );
  const deliver = (body: string, to = TO) =>
    sender.prepare({ channel: 'whatsapp', body: parseMergeText(body) }).deliver(to, ATTEMPT);
  return { server, sender, deliver };
}

const TO: Recipient = {
  contact: '+16505551234',
  values: {
    lead: {
      name: 'Ann Lee',
      email: null,
      phone: '+16505551234',
      position: null,
      company: null,
      notes: null,
      metadata: {},
    },
    site: { name: 'Tidings' },
  },
};
const ATTEMPT: Attempt = { deliveryId: '0f0f.1', attemptId: '0f0f.1.2-abc', mayLeave: () => true };

describe('a message over Twilio', () => {
  test('is a form in exactly the shape of the Messages resource, and its callback names the attempt', async () => {
    const { server, deliver } = await open();
    expect(await deliver('Hi {{lead.first_name}} & co ✨')).toEqual({
      type: 'accepted',
      providerMessageId: server.accepted[0]!.sid,
    });
    expect([...server.accepted[0]!.form]).toEqual([
      ['To', 'whatsapp:+16505551234'],
      ['From', 'whatsapp:+15550001111'],
      ['StatusCallback', 'https://tidings.example.com/webhooks/twilio?attempt=0f0f.1.2-abc'],
      ['Body', 'Hi Ann & co ✨'],
    ]);
    expect(server.seen[0]).toMatchObject({
      path: `/2010-04-01/Accounts/${SID}/Messages.json`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  test('leaves from a messaging service, and asks for no callback where none could come', async () => {
    const { server, deliver } = await open({ from: null, messagingServiceSid: SERVICE, statusUrl: null });
    await deliver('Hi');
    expect([...server.accepted[0]!.form]).toEqual([
      ['To', 'whatsapp:+16505551234'],
      ['MessagingServiceSid', SERVICE],
      ['Body', 'Hi'],
    ]);
  });

  test('over 1,600 characters is refused before anything is sent, or for the one lead that makes it so', async () => {
    const { server, sender, deliver } = await open();
    const prepare = (body: string) => sender.prepare({ channel: 'whatsapp', body: parseMergeText(body) });
    expect(() => prepare('x'.repeat(1_601))).toThrow(/1601 characters.*at most 1600/);
    expect(await deliver(`${'x'.repeat(1_595)}{{lead.name}}`)).toMatchObject({
      type: 'permanent',
      code: 'message_too_long',
    });
    expect(server.requests).toBe(0);
  });

  test('is not asked for when there is no number to send to', async () => {
    const { server, deliver } = await open();
    expect(await deliver('Hi', { ...TO, contact: 'ann@example.com' })).toMatchObject({
      code: 'invalid_phone',
    });
    expect(server.requests).toBe(0);
  });

  test('that has failed by the time it is answered is not accepted', async () => {
    const body = JSON.stringify({
      sid: 'SM1',
      status: 'failed',
      error_code: 63016,
      error_message: 'outside',
    });
    const { deliver } = await open({}, { raw: { status: 201, body } });
    expect(await deliver('Hi')).toMatchObject({ type: 'permanent', code: 'twilio_63016', said: 'outside' });
  });
});

describe('an error decides by its code, whatever the HTTP status', () => {
  const expected: [object, number[]][] = [
    [{ type: 'throttled', scope: 'sender' }, [20429, 63018]],
    [{ type: 'transient', scope: 'sender' }, [63010, 63012]],
    [{ type: 'permanent' }, [21211, 21614, 63003, 63016, 63024]],
    [{ type: 'permanent', heldBack: true }, [63049]],
    [{ type: 'permanent', suppress: 'opted_out' }, [21610]],
    [{ type: 'permanent', breaker: true }, [21617, 21656, 63028]],
    [{ type: 'stop_send' }, [21655, 63027, 63041, 63042]],
    [{ type: 'account' }, [20003, 63007, 63038]],
  ];
  for (const [outcome, codes] of expected) {
    test.each(codes)(`${JSON.stringify(outcome)}: %i`, async (code) => {
      for (const status of [400, 500]) {
        const { deliver } = await open({}, { error: { code, status } });
        const { message, said, ...rest } = (await deliver('Hi')) as { message: string; said: string };
        expect(rest).toEqual({ ...outcome, code: `twilio_${code}` });
        expect([message, said]).toEqual([expect.stringMatching(/^[A-Z].{20,}\.$/), 'Test error']);
      }
    });
  }

  test('a code nobody knows is a refusal with 4xx, and an unknown outcome with 5xx', async () => {
    const refused = await open({}, { error: { code: 99999 } });
    expect(await refused.deliver('Hi')).toMatchObject({ type: 'permanent', breaker: true });
    const failed = await open({}, { error: { code: 99999, status: 500 } });
    expect(await failed.deliver('Hi')).toMatchObject({ type: 'uncertain', code: 'twilio_99999' });
  });

  test('no code stands in two rows', () => {
    const codes = TWILIO_GROUPS.flatMap((group) => group.codes);
    expect(codes).toEqual([...new Set(codes)]);
  });
});

test.each([
  [{ accountSid: '12' }, /TWILIO_ACCOUNT_SID is "12"/],
  [{ authToken: 'two\nlines' }, /TWILIO_AUTH_TOKEN/],
  [{ from: null }, /neither TWILIO_WHATSAPP_FROM nor TWILIO_MESSAGING_SERVICE_SID/],
  [{ from: 'whatsapp:+15550001111' }, /TWILIO_WHATSAPP_FROM/],
  [{ messagingServiceSid: 'MG1' }, /TWILIO_MESSAGING_SERVICE_SID is "MG1"/],
  [{ apiUrl: 'http://api.example.com' }, /TWILIO_API_URL.*clear text/],
])('%j is refused before anything is opened, without the token', async (options, words) => {
  await expect(open(options)).rejects.toThrow(words);
  await expect(open(options)).rejects.not.toThrow(TOKEN);
});
