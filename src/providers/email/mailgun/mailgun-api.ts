import { randomBytes } from 'node:crypto';
import { asciiDomain } from '../../../core/leads/contact.ts';
import { TidingsError } from '../../../errors.ts';
import type { Request } from '../../exchange.ts';
import { listIn, looseIn, textIn } from '../../loose.ts';
import { type EmailApi, idIn } from '../api/api-sender.ts';
import { type Mail, mailbox } from '../api/mail.ts';
import { type ApiOptions, checkSecret, endpointOf } from '../api/settings.ts';
import { timeOf } from '../events/told.ts';
import type { MessageParts } from '../message/mime.ts';
import { MAILGUN_ROWS } from './errors.ts';

export interface MailgunOptions extends ApiOptions {
  /** `MAILGUN_API_KEY`. A secret. */
  readonly apiKey: string;
  /** `MAILGUN_DOMAIN`: the domain at Mailgun that messages leave from. */
  readonly domain: string;
}

/** What Mailgun fills in wherever it stands; a joiner that nobody sees keeps it as it is. */
const MARKS = /%(?=(?:recipient|unsubscribe|mailing_list_unsubscribe|tag_unsubscribe)[\w.]*%)/g;
const JOINER = '\u2060';

/**
 * Email by Mailgun (POST /v3/{domain}/messages).
 * @throws TidingsError `configuration`, naming the variable and never the key.
 */
export function mailgunApi(
  options: Omit<MailgunOptions, 'ratePerSecond' | 'from'>,
): EmailApi & { readonly account: string } {
  const apiKey = checkSecret('MAILGUN_API_KEY', options.apiKey);
  const domain = asciiDomain(options.domain);
  if (domain === null)
    throw new TidingsError('configuration', `MAILGUN_DOMAIN is "${options.domain}", which is no domain.`, {
      fix: 'Write it as mg.example.com, as it stands under Sending, Domains at Mailgun.',
    });
  return {
    name: 'Mailgun',
    prefix: 'mailgun',
    provider: 'email-mailgun',
    account: domain,
    urlVariable: 'MAILGUN_API_URL',
    rows: MAILGUN_ROWS,
    endpoint: endpointOf(options, {
      variable: 'MAILGUN_API_URL',
      usual: 'https://api.mailgun.net',
      authorization: `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`,
      secrets: [`api:${apiKey}`, apiKey],
    }),
    get: (path) => ({ method: 'GET', path }),
    request: (mail) => ({
      method: 'POST',
      path: `/v3/${domain}/messages`,
      ...bodyOf(mail),
    }),
    accepted: (json) => idIn(json, 'id'),
    search: {
      // By whoever it went to, the newest first: it is not to be asked by a variable.
      path: ({ contact }) =>
        `/v3/${domain}/events?${new URLSearchParams({ event: 'accepted', recipient: contact, ascending: 'no', limit: '100' })}`,
      read(json, { attemptId }) {
        const found = listIn(json, 'items').find(
          (one) => textIn(looseIn(one, 'user-variables'), 'attempt_id') === attemptId,
        );
        const id = idIn(looseIn(looseIn(found, 'message'), 'headers'), 'message-id');
        if (found === undefined || id === null) return null;
        return { providerMessageId: `<${id}>`, at: timeOf(textIn(found, 'timestamp'), 's', Date.now()) };
      },
    },
    refusal(json, { status }) {
      const { message } = (json ?? {}) as { message?: unknown };
      return typeof message === 'string' ? { code: status, words: message } : null;
    },
  };
}

/** With files, a form in parts (RFC 7578): `inline` ones are shown by their names. */
function bodyOf(mail: Mail): Pick<Request, 'body' | 'bytes' | 'contentType'> {
  const parts = mail.parts();
  const form = formOf(mail, parts);
  if (!parts.attachments) return { body: form.toString(), contentType: 'application/x-www-form-urlencoded' };
  const chunks: Buffer[] = [];
  const add = (name: string, more: string, value: string | Buffer) =>
    chunks.push(
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`),
      Buffer.from(value as string),
      Buffer.from('\r\n'),
    );
  for (const [name, value] of form) add(name, '', value);
  for (const { filename, content_type, content_id, content } of parts.attachments) {
    const [name, shown] = content_id === null ? ['attachment', filename] : ['inline', content_id];
    const quoted = shown.replace(/"/g, '%22');
    add(name, `; filename="${quoted}"\r\nContent-Type: ${content_type}`, Buffer.from(content, 'base64'));
  }
  chunks.push(Buffer.from(`--${BOUNDARY}--\r\n`));
  return { bytes: Buffer.concat(chunks), contentType: `multipart/form-data; boundary=${BOUNDARY}` };
}

const BOUNDARY = `tidings-${randomBytes(16).toString('hex')}`;

/** Links stay as they are, and nothing is put in to count who reads it. */
function formOf(mail: Mail, { subject, text, html, headers }: MessageParts): URLSearchParams {
  const form = new URLSearchParams({
    from: mailbox(mail.from),
    to: mail.to,
    subject: plain(subject),
    text: plain(text),
  });
  if (html !== undefined) form.set('html', plain(html));
  if (mail.replyTo) form.set('h:Reply-To', mailbox(mail.replyTo));
  for (const [name, value] of Object.entries(headers)) form.set(`h:${name}`, value);
  form.set('v:attempt_id', mail.attemptId);
  form.set('o:tracking', 'no');
  form.set('o:tracking-clicks', 'no');
  form.set('o:tracking-opens', 'no');
  return form;
}

function plain(text: string): string {
  return text.replace(MARKS, `%${JOINER}`);
}
