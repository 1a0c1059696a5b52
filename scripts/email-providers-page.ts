import { join } from 'node:path';
import { createApiSender, type EmailApi } from '../src/providers/email/api/api-sender.ts';
import { brevoApi } from '../src/providers/email/brevo/brevo-api.ts';
import { createEmailSources } from '../src/providers/email/events/email-sources.ts';
import { WEBHOOK_VARIABLES } from '../src/providers/email/events/webhook-secrets.ts';
import { mailgunApi } from '../src/providers/email/mailgun/mailgun-api.ts';
import { postmarkApi } from '../src/providers/email/postmark/postmark-api.ts';
import { resendApi } from '../src/providers/email/resend/resend-api.ts';
import { sendGridApi } from '../src/providers/email/sendgrid/sendgrid-api.ts';
import { sesApi } from '../src/providers/email/ses/ses-api.ts';
import { createSmtpSender } from '../src/providers/email/smtp/smtp-sender.ts';

export const EMAIL_PAGE = join(import.meta.dirname, '../docs/guides/email.md');
const [OPEN, CLOSE] = ['<!-- providers: npm run docs -->', '<!-- /providers -->'];

const key = { apiKey: 'key' };
const APIS = {
  ses: sesApi({
    region: 'eu-west-1',
    accessKeyId: 'key',
    secretAccessKey: 'key',
    sessionToken: null,
    configurationSet: null,
  }),
  resend: resendApi(key),
  postmark: postmarkApi({ serverToken: 'key', messageStream: 'broadcast' }),
  sendgrid: sendGridApi(key),
  mailgun: mailgunApi({ ...key, domain: 'mg.example.com' }),
  brevo: brevoApi(key),
} satisfies Record<string, EmailApi>;

/** docs/guides/email.md with the table of what each provider can, made from the providers themselves. */
export function fillProviders(page: string): string {
  const options = { from: 'news@example.com', ratePerSecond: null };
  const smtp = createSmtpSender({ ...options, url: 'smtp://127.0.0.1:25' });
  const heard = createEmailSources({
    sesTopicArns: [],
    resend: null,
    postmark: null,
    sendgrid: null,
    mailgun: null,
    brevo: null,
  }).map(({ path }) => path);
  const rows = Object.entries(APIS).map(([name, api]: [string, EmailApi]) => [
    api.name,
    `\`${name}\``,
    api.batch ? `up to ${api.batch.size}` : 'one',
    createApiSender(api, options).about.windowSize,
    api.isIdempotent ? 'the same key' : '–',
    api.search ? 'yes' : '–',
    heard.includes(`email/${name}`)
      ? `\`${WEBHOOK_VARIABLES[name as keyof typeof WEBHOOK_VARIABLES]}\``
      : '–',
    filesOf(api),
  ]);
  const all = [
    ['SMTP', '`smtp`', 'one', `4 × \`SMTP_CONNECTIONS\` (${smtp.about.windowSize})`, '–', '–', '–', 'yes'],
    ...rows,
  ];
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const head = [
    'provider',
    '`EMAIL_PROVIDER`',
    'messages a request',
    'most on their way',
    'a lost answer is asked for again by',
    'can be asked after a kill',
    'webhook, open with',
    'files',
  ];
  const table = [line(head), line(head.map(() => '---')), ...all.map(line)].join('\n');
  const [from, to] = [page.indexOf(OPEN), page.indexOf(CLOSE)];
  if (from < 0 || to < from) throw new Error(`The page has no place for the providers: ${OPEN} … ${CLOSE}`);
  return `${page.slice(0, from + OPEN.length)}\n${table}\n${page.slice(to)}`;
}

function filesOf({ files = {} }: EmailApi): string {
  const limits = [
    files.mostBytes !== undefined && `up to ${files.mostBytes / 1e6} MB`,
    files.asciiNames && 'names in ASCII',
    files.noInline && 'no pictures within',
  ].filter((one) => one !== false && one !== undefined);
  return ['yes', ...limits].join(', ');
}
