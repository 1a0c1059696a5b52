import { describe, expect, it } from 'vitest';
import type { ProviderEvent } from '../../src/core/events/event.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { createWhatsAppEvents } from '../../src/providers/whatsapp/cloud/webhook/webhook-source.ts';
import { APP_SECRET, envelope, messages, signed } from '../support/whatsapp-webhook.ts';
import { fakeTidings, memoryLog } from './fake-tidings.ts';

function doorWith(
  secrets: { appSecret?: string | null; verifyToken?: string | null } = {},
  apiKey: string | null = null,
) {
  const taken: ProviderEvent[] = [];
  const log = memoryLog();
  const source = createWhatsAppEvents({
    appSecret: APP_SECRET,
    verifyToken: 'ok',
    accessToken: null,
    ...secrets,
  });
  const app = createHttpApp({
    tidings: {
      ...fakeTidings(),
      webhooks: {
        sources: [source],
        async take(events) {
          taken.push(...events);
        },
      },
    },
    log,
    version: '1.2.3',
    host: '127.0.0.1',
    port: () => 3000,
    apiKey,
    publicUrl: null,
  });
  const post = (body: string, headers: Record<string, string> = signed(body)) =>
    app.request('/webhooks/whatsapp', { method: 'POST', body, headers });
  return { app, log, post, taken };
}

describe('the signature of Meta', () => {
  it.each([
    [
      '{"object":"whatsapp_business_account","entry":[]}',
      'dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756',
    ],
    ['{"t":"café ñ 😀"}', '2dbbf8cbe4c4315d5ef0e4156b6d019d71c75a467f50142416702be6a106db61'],
    [
      '{"t":"caf\\u00e9 \\u00f1 \\ud83d\\ude00"}',
      'f6b5448b7539abc638bd53c0af99e1925fb66058fbc6bdd2b1afac50157c1d74',
    ],
  ])('is that of the bytes as they came: %s', async (body, hex) => {
    const { post } = doorWith();
    expect((await post(body, { 'x-hub-signature-256': `sha256=${hex}` })).status).toBe(200);
    expect((await post(`${body} `, { 'x-hub-signature-256': `sha256=${hex}` })).status).toBe(401);
  });

  it.each([
    ['none', {}],
    ['another secret', signed('{}', 'other')],
    ['an empty one', { 'x-hub-signature-256': 'sha256=' }],
    ['a short one', { 'x-hub-signature-256': 'sha256=dec6' }],
    ['SHA-1 as of old', { 'x-hub-signature': 'sha1=0000' }],
  ])('is missing or wrong (%s): 401, and no trace but a counter', async (_, headers) => {
    const { app, log, post, taken } = doorWith();
    const answer = await post('{}', headers);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ success: false, code: 'unauthorized' });
    expect([taken, log.lines]).toEqual([[], []]);
    expect(await (await app.request('/metrics')).text()).toContain(
      'tidings_refused_requests_total{reason="webhook"} 1',
    );
  });

  it('cannot be told without the secret: the webhook is closed, and says how to open it', async () => {
    const { post, taken } = doorWith({ appSecret: null });
    const answer = await post('{}');
    expect(answer.status).toBe(403);
    expect(((await answer.json()) as { fix: string }).fix).toContain('WHATSAPP_APP_SECRET');
    expect(taken).toEqual([]);
  });

  it('is enough: no key is asked for, and a proxy may stand before it', async () => {
    const { post } = doorWith({}, 'a-key-of-sixteen-characters');
    const body = JSON.stringify(envelope());
    expect((await post(body)).status).toBe(200);
    const proxied = doorWith();
    const headers = { ...signed(body), 'x-forwarded-for': '1.2.3.4', host: 'hooks.example.com' };
    expect((await proxied.post(body, headers)).status).toBe(200);
  });
});

describe('the word that Meta asks for once', () => {
  const ask = (query: string, secrets = {}) => doorWith(secrets).app.request(`/webhooks/whatsapp?${query}`);

  it('brings the challenge back as it came', async () => {
    const answer = await ask('hub.mode=subscribe&hub.verify_token=ok&hub.challenge=007');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await answer.text()).toBe('007');
  });

  it.each([
    'hub.mode=subscribe&hub.verify_token=no&hub.challenge=007',
    'hub.verify_token=ok&hub.challenge=1',
    '',
  ])('is refused when it is another one: %s', async (query) => {
    expect((await ask(query)).status).toBe(403);
  });

  it('is refused while none is set, also an empty one', async () => {
    const answer = await ask('hub.mode=subscribe&hub.verify_token=&hub.challenge=1', { verifyToken: null });
    expect(answer.status).toBe(403);
    expect(((await answer.json()) as { fix: string }).fix).toContain('WHATSAPP_VERIFY_TOKEN');
  });
});

describe('what a request says', () => {
  const take = async (body: unknown) => {
    const { post, taken } = doorWith();
    const answer = await post(typeof body === 'string' ? body : JSON.stringify(body));
    return { status: answer.status, taken, types: taken.map(({ type }) => type) };
  };
  const status = (id: string, more: object) => ({
    id,
    timestamp: '1764000001',
    recipient_id: '15550101',
    ...more,
  });

  it('is read item by item: one that is broken, and a field that nobody knows, lose none of the others', async () => {
    const { status: code, types } = await take({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '1001',
          changes: [
            messages({
              statuses: [
                status('wamid.1', { status: 'delivered' }),
                { id: 'wamid.2', status: null },
                status('wamid.3', { status: 'read' }),
              ],
            }),
            { field: 'brand_new_field', value: { x: 1 } },
          ],
        },
        { id: '1001', changes: [messages({ statuses: [status('wamid.4', { status: 'sent' })] })] },
      ],
    });
    expect(code).toBe(200);
    expect(types).toEqual(['delivered', 'unknown', 'read', 'unknown', 'accepted']);
  });

  it('counts to a thousand, one of them broken', async () => {
    const statuses = Array.from({ length: 1_000 }, (_, at) => status(`wamid.${at}`, { status: 'delivered' }));
    (statuses as unknown[])[500] = 7;
    const { types } = await take(envelope(messages({ statuses })));
    expect(types.filter((type) => type === 'delivered')).toHaveLength(999);
  });

  it.each([
    ['no JSON', 'hello'],
    ['a list', []],
    ['null', 'null'],
    [
      'entries that are none',
      { entry: [1, null, { changes: 5 }, { changes: [null, { field: 7 }, { field: 'messages' }] }] },
    ],
    ['nothing inside', envelope(messages({}))],
    ['deep nesting', `${'{"entry":['.repeat(5_000)}${']}'.repeat(5_000)}`],
    [
      'odd values',
      envelope(
        messages({
          statuses: [{ id: {}, status: [] }],
          messages: ['x', { id: 1, from: -5 }],
          contacts: 'no',
        }),
      ),
    ],
  ])('is answered with 200 and kept as unknown: %s', async (_, body) => {
    const { status: code, types } = await take(body);
    expect(code).toBe(200);
    expect(types.filter((type) => type !== 'unknown' && type !== 'replied')).toEqual([]);
  });

  it('keeps the reason of a failure, without the contact that Meta repeats in it', async () => {
    const { taken } = await take(
      envelope(
        messages({
          statuses: [
            status('wamid.9', {
              status: 'failed',
              errors: [
                {
                  code: 131026,
                  title: 'Message undeliverable',
                  error_data: { details: 'to +1 555 010 0101 of ann@example.com' },
                },
              ],
            }),
            status('wamid.10', { status: 'failed' }),
            {
              id: 'wamid.11',
              status: 'failed',
              timestamp: '1764000001',
              recipient_user_id: 'US.1349',
              errors: [{ code: 131026 }],
            },
          ],
        }),
      ),
    );
    expect(taken.map(({ type, code }) => [type, code])).toEqual([
      ['failed', 'whatsapp_131026'],
      ['failed', 'not_delivered'],
      ['failed', 'whatsapp_131026'],
    ]);
    expect(taken[0]!.detail!.said).toBe('to <number> of <address>');
    expect(taken[2]!.userId).toBe('US.1349');
  });

  it('about templates and the account is kept whole; of anything unknown, only how it is built', async () => {
    const value = { event: 'REJECTED', message_template_id: 12, reason: 'INVALID_FORMAT' };
    const { taken } = await take(
      envelope(
        { field: 'message_template_status_update', value },
        { field: 'account_update', value: { event: 'ACCOUNT_RESTRICTION' } },
        { field: 'brand_new_field', value: { who: 'ann@example.com', at: [1] } },
      ),
    );
    expect(taken.map(({ type, code, detail }) => [type, code, detail])).toEqual([
      ['template_changed', 'message_template_status_update', { raw: { account: '1001', value } }],
      [
        'account_changed',
        'account_update',
        { raw: { account: '1001', value: { event: 'ACCOUNT_RESTRICTION' } } },
      ],
      ['unknown', 'brand_new_field', { raw: { who: 'string', at: ['number'] } }],
    ]);
  });

  it('larger than 4 MB is refused, and 3 MB are not', async () => {
    expect((await take(`"${'x'.repeat(3 * 1024 * 1024)}"`)).status).toBe(200);
    expect((await take(`"${'x'.repeat(5 * 1024 * 1024)}"`)).status).toBe(413);
  });

  it('is brought again when it could not be written down', async () => {
    const source = createWhatsAppEvents({ appSecret: APP_SECRET, verifyToken: null, accessToken: null });
    const tidings = {
      ...fakeTidings(),
      webhooks: { sources: [source], take: () => Promise.reject(new Error('disk full')) },
    };
    const options = { tidings, log: memoryLog(), version: '1', host: '127.0.0.1', port: () => 3000 };
    const app = createHttpApp({ ...options, apiKey: null, publicUrl: null });
    const body = JSON.stringify(envelope(messages({ statuses: [status('w', { status: 'read' })] })));
    const answer = await app.request('/webhooks/whatsapp', { method: 'POST', body, headers: signed(body) });
    expect(answer.status).toBe(500);
  });
});

it('there is no webhook for whom nobody knows', async () => {
  const { app } = doorWith();
  expect((await app.request('/webhooks/nobody', { method: 'POST' })).status).toBe(404);
});
