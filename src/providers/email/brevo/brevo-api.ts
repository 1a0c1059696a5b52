import { createHash } from 'node:crypto';
import { type EmailApi, idIn } from '../api/api-sender.ts';
import { secondsIn } from '../api/classify.ts';
import type { Mail, Mailbox } from '../api/mail.ts';
import { type ApiOptions, checkSecret, endpointOf } from '../api/settings.ts';
import { escapeHtml } from '../message/escape-html.ts';
import { BREVO_ROWS } from './errors.ts';

export interface BrevoOptions extends ApiOptions {
  /** `BREVO_API_KEY`. A secret. */
  readonly apiKey: string;
}

/** Brevo's own template language begins with these; a joiner that nobody sees keeps what stands there as it is. */
const MARKS = /\{(?=[{%])/g;
const JOINER = '\u2060';

/**
 * Email by Brevo. A lost answer is asked for again with the same key, by which Brevo sends once (15 minutes) (POST /v3/smtp/email).
 * @throws TidingsError `configuration`, naming the variable and never the key.
 */
export function brevoApi(options: Omit<BrevoOptions, 'ratePerSecond' | 'from'>): EmailApi {
  const apiKey = checkSecret('BREVO_API_KEY', options.apiKey);
  const headers = { 'api-key': apiKey };
  return {
    name: 'Brevo',
    prefix: 'brevo',
    provider: 'email-brevo',
    urlVariable: 'BREVO_API_URL',
    rows: BREVO_ROWS,
    isIdempotent: true,
    files: { asciiNames: true, noInline: true },
    endpoint: endpointOf(options, {
      variable: 'BREVO_API_URL',
      usual: 'https://api.brevo.com',
      secrets: [apiKey],
    }),
    get: (path) => ({ method: 'GET', path, headers }),
    request: (mail) => ({
      method: 'POST',
      path: '/v3/smtp/email',
      headers,
      body: JSON.stringify(bodyOf(mail)),
    }),
    accepted: (json) => idIn(json, 'messageId'),
    refusal(json) {
      const { code, message } = (json ?? {}) as { code?: unknown; message?: unknown };
      return typeof code === 'string' ? { code, words: String(message ?? '') } : null;
    },
    waitMs: (headers) => secondsIn(headers, 'x-sib-ratelimit-reset'),
  };
}

/** It wants HTML, so plain text is given as such too. */
function bodyOf(mail: Mail): object {
  const { subject, text, html, headers, attachments } = mail.parts();
  const page =
    html ?? `<html><body><div style="white-space:pre-wrap">${escapeHtml(text)}</div></body></html>`;
  return {
    sender: who(mail.from),
    to: [{ email: mail.to }],
    ...(mail.replyTo && { replyTo: who(mail.replyTo) }),
    subject: plain(subject),
    textContent: plain(text),
    htmlContent: plain(page),
    ...(attachments && {
      attachment: attachments.map(({ filename, content }) => ({ name: filename, content })),
    }),
    headers: { ...headers, 'X-Mailin-custom': mail.attemptId, idempotencyKey: uuidOf(mail.attemptId) },
  };
}

function plain(text: string): string {
  return text.replace(MARKS, `{${JOINER}`);
}

/** The same for the same attempt (RFC 9562, version 8). */
function uuidOf(attemptId: string): string {
  const bytes = createHash('sha256').update(attemptId).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function who({ name, address }: Mailbox): object {
  return { email: address, ...(name !== null && { name }) };
}
