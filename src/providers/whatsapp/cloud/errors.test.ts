import { describe, expect, test } from 'vitest';
import { redact } from '../../answers.ts';
import { parseRetryAfter } from '../../exchange.ts';
import { hide } from '../../redact-secrets.ts';
import { classifyExchange } from './answer.ts';
import { classifyGraphError } from './errors.ts';

const TOKEN = 'EAAtesttoken';
const HIDDEN = [hide(TOKEN, '<token>')];
const answered = (status: number, json: unknown, retryAfterMs: number | null = null) =>
  classifyExchange(
    {
      type: 'answered',
      status,
      body: typeof json === 'string' ? json : JSON.stringify(json),
      retryAfterMs,
      headers: {},
    },
    HIDDEN,
  );
const graph = (code: number, message = '', rest: object = {}) => ({ error: { code, message, ...rest } });

describe('a Graph error decides by its code, whatever the HTTP status', () => {
  const LATER = { type: 'transient', scope: 'recipient' };
  const DOWN = { type: 'transient', scope: 'sender' };
  const SLOWER = { type: 'throttled', scope: 'sender' };
  const PERMANENT = { type: 'permanent' };
  const BREAKER = { type: 'permanent', breaker: true };
  const STOP = { type: 'stop_send' };
  const ACCOUNT = { type: 'account' };
  const expected: [object, number[]][] = [
    [LATER, [131000]],
    [{ ...LATER, mostTries: 2 }, [1]],
    [{ ...LATER, retryAfterMs: 600_000 }, [134101]],
    [DOWN, [2, 131016, 133004, 131057]],
    [SLOWER, [130429, 4, 80007]],
    [{ type: 'throttled', scope: 'recipient', retryAfterMs: 6_000 }, [131056]],
    [PERMANENT, [131026, 131021, 130403, 130472, 131047, 130497, 131051, 131053, 131062, 135000]],
    [{ ...PERMANENT, heldBack: true }, [131049]],
    [{ ...PERMANENT, suppress: 'opted_out', scope: 'marketing' }, [131050]],
    [BREAKER, [100, 131008, 131009, 132000, 132005, 132012, 132018]],
    [STOP, [132001, 132007, 132015, 132016, 132068, 132069, 131055, 134100, 131061, 131063, 134102]],
    [
      ACCOUNT,
      [0, 3, 10, 190, 200, 250, 299, 131005, 33, 368, 131031, 131037, 131042, 131045, 133010, 133006],
    ],
    [ACCOUNT, [131048, 131064, 134011]],
  ];
  for (const [outcome, codes] of expected) {
    test.each(codes)(`${JSON.stringify(outcome)}: %i`, (code) => {
      for (const status of [200, 400, 500]) {
        const { message, ...rest } = answered(status, graph(code)) as { message: string };
        expect(rest).toEqual({ ...outcome, code: `whatsapp_${code}` });
        expect(message).toMatch(/^[A-Z].{20,}\.$/);
      }
    });
  }

  test('outside the 24-hour window the message says to use a template', () => {
    expect(classifyGraphError({ code: 131047, details: '' }, 400, null)).toMatchObject({
      message: expect.stringMatching(/24 hours.*template/),
    });
  });

  test('a code nobody knows is a refusal with 4xx, and an unknown outcome with 5xx or 200', () => {
    expect(answered(400, graph(987654))).toMatchObject({ type: 'permanent', breaker: true });
    expect(answered(500, graph(987654))).toMatchObject({ type: 'uncertain', code: 'whatsapp_987654' });
    expect(answered(200, graph(987654))).toMatchObject({ type: 'uncertain' });
  });

  test('code 100 about a phone number id that does not exist is a matter of the account', () => {
    expect(answered(400, graph(100, 'Object does not exist', { error_subcode: 33 }))).toMatchObject({
      type: 'account',
      code: 'whatsapp_33',
    });
  });

  test('Retry-After is honoured when the API gives it', () => {
    expect(answered(400, graph(130429), 7_000)).toMatchObject({ type: 'throttled', retryAfterMs: 7_000 });
  });
});

describe('an answer without a Graph error', () => {
  test.each([
    [429, 'throttled'],
    [301, 'account'],
    [403, 'account'],
    [404, 'account'],
    [407, 'account'],
    [303, 'uncertain'],
    [408, 'uncertain'],
    [499, 'uncertain'],
    [500, 'uncertain'],
    [502, 'uncertain'],
    [503, 'uncertain'],
  ])('HTTP %i with HTML from something on the way is %s', (status, type) => {
    expect(answered(status, '<html><body>No</body></html>')).toMatchObject({
      type,
      code: `whatsapp_http_${status}`,
    });
  });

  test('429 waits as long as Retry-After says', () => {
    expect(answered(429, '', 30_000)).toMatchObject({ scope: 'sender', retryAfterMs: 30_000 });
  });

  test.each([
    [{}],
    ['{"messages":[{"id":"wamid.cut'],
    [{ messages: [] }],
    [{ messages: [{ id: '' }] }],
    [{ error: { message: 'no code' } }],
    ['null'],
  ])('200 without a message id is an unknown outcome: %j', (body) => {
    expect(answered(200, body)).toMatchObject({ type: 'uncertain', code: 'whatsapp_http_200' });
  });

  test('Retry-After is read as seconds or as a date, and bounded to an hour', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(parseRetryAfter('12', now)).toBe(12_000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000);
    expect(parseRetryAfter('999999999', now)).toBe(3_600_000);
    expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeNull();
    expect(parseRetryAfter(undefined, now)).toBeNull();
  });
});

describe("the provider's own words", () => {
  test.each([
    'Recipient +16505551234 is not on WhatsApp',
    'Recipient 16505551234 is not on WhatsApp',
    'Recipient +1 650-555-1234 is not on WhatsApp',
    'Recipient (650) 555-1234 is not on WhatsApp',
    'Recipient +49.30.1234567 is not on WhatsApp',
  ])('lose every phone number: %s', (text) => {
    expect(redact(text, HIDDEN)).toBe('Recipient <number> is not on WhatsApp');
  });

  test('lose the token, long ids, email addresses and line breaks', () => {
    const text = `Token ${TOKEN}\nof ann@example.com: ${'EAAG'.repeat(12)}`;
    expect(redact(text, HIDDEN)).toBe('Token <token> of <address>: <id>');
  });

  test('are cut to 200 characters', () => {
    expect(redact('word '.repeat(1_000), HIDDEN)).toHaveLength(200);
  });

  test('prefer the details over the title, and keep error codes', () => {
    const json = graph(131026, '(#131026) Undeliverable', {
      error_data: { details: 'Message 131026 failed' },
    });
    expect(answered(400, json)).toMatchObject({
      message: expect.stringMatching(/^The message cannot reach this number: [^:]+\.$/),
      said: 'Message 131026 failed',
    });
  });
});
