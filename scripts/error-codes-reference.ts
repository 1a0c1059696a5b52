import { type Deciding, type Effects, effectsOf } from '../src/core/deliveries/effects.ts';
import { REASONS } from '../src/core/deliveries/reasons.ts';
import { PROBLEMS } from '../src/core/sends/send.ts';
import { ERROR_CODES } from '../src/errors.ts';
import { STATUS } from '../src/http/error-response.ts';
import type { ErrorRow } from '../src/providers/email/api/classify.ts';
import { BREVO_ROWS } from '../src/providers/email/brevo/errors.ts';
import { MAILGUN_ROWS } from '../src/providers/email/mailgun/errors.ts';
import { POSTMARK_ROWS } from '../src/providers/email/postmark/errors.ts';
import { RESEND_ROWS } from '../src/providers/email/resend/errors.ts';
import { SENDGRID_ROWS } from '../src/providers/email/sendgrid/errors.ts';
import { SES_ROWS } from '../src/providers/email/ses/errors.ts';
import { TROUBLES } from '../src/providers/email/smtp/connect.ts';
import { classify } from '../src/providers/email/smtp/errors.ts';
import { parseReply } from '../src/providers/email/smtp/reply.ts';
import { ROWS } from '../src/providers/email/smtp/reply-rows.ts';
import { GROUPS } from '../src/providers/whatsapp/cloud/errors.ts';
import { TWILIO_GROUPS } from '../src/providers/whatsapp/twilio/errors.ts';

/** docs/reference/error-codes.md, made from the tables that the code itself goes by. */
export function errorCodesReference(): string {
  const refusals = Object.entries(ERROR_CODES).map(
    ([code, says]) => [`\`${code}\``, says, STATUS[code as keyof typeof STATUS]] as const,
  );
  const problems = Object.entries(PROBLEMS).map(([code, says]) => [`\`${code}\``, says] as const);
  const reasons = Object.entries(REASONS).map(([code, { row, says }]) => [`\`${code}\``, row, says] as const);
  const outcomes = OUTCOMES.map(([name, outcome]) => [name, inWords(effectsOf(outcome))] as const);
  const smtp = ROWS.map(({ says, example, phase = 'rcpt' }) => {
    return [says, `\`${example}\``, inWords(effectsOf(classify(parseReply(example)!, phase)))] as const;
  });
  const [whatsapp, twilio] = [GROUPS, TWILIO_GROUPS].map((groups) =>
    groups.map(({ codes, says, verdict }) => [ranges(codes), says, inWords(effectsOf(verdict))] as const),
  );
  const sockets = Object.entries(TROUBLES).map(
    ([code, says]) =>
      [`\`${code}\``, `The mail server ${says}${says.includes(': is ') ? '?' : '.'}`] as const,
  );
  return `${[
    '# Error codes',
    'Made from the tables of the code by `npm run docs`; a test holds them together. Codes are stable: programs may go by\nthem. The sentences beside them are for people, and may get better.',
    '## A request that is refused',
    'At every door `{ "success": false, "error": …, "code": …, "fix": … }`; over HTTP with this status (a key that is tried\ntoo often gets 429). Nothing was done.',
    table(['code', 'meaning', 'HTTP'], refusals),
    '## A send that does not run',
    '`problem.code` of a send. Besides these it is the code of the answer that paused it (below), or of a message that its\nsender cannot carry (`invalid_argument`).',
    table(['code', 'meaning'], problems),
    '## A lead that was not reached',
    '`error_code` of a delivery, where the reason is ours.',
    table(['code', 'delivery', 'meaning'], reasons),
    '## What an outcome does',
    'Every answer of a provider is read as one of these. A lead has five tries; then it stays pending for the next call. When\ntwenty in a row are refused with nobody accepted in between, or the relay is away or takes nothing for an hour, all sends\nof the sender are paused. A contact that is suppressed as `bounced` is so once somebody else of the send was accepted.',
    table(['outcome', 'what Tidings does'], outcomes),
    '## Email (SMTP)',
    'The code is `smtp_550_5.1.1`: the reply and its enhanced status. The first row that fits decides. While a session is\nbeing opened a reply speaks of the relay: whatever does not blame the account is waited out, and no lead loses a try.',
    table(['reply', 'for example', 'what Tidings does'], smtp),
    '### When there is no session',
    'Nothing was sent. The sender rests until the relay is back, and no lead loses a try. A certificate that is not trusted\n(`SELF_SIGNED…`, `UNABLE_TO_VERIFY…`) waits as well; a relay that offers no TLS (`ENOTLS`) or no login that fits (`EAUTH`)\npauses all sends of the sender, and so does a login by OAuth whose renewal is refused (`oauth_invalid_grant` and the like;\n`oauth_503` and the like wait). A line that is lost after the message had left is `outcome_unknown`.',
    table(['code', 'meaning'], sockets),
    '## Email (APIs of providers)',
    'The code is the name of the provider and its own code, or the HTTP status where it has none: `resend_rate_limit_exceeded`,\n`postmark_406`, `sendgrid_401`. The first row that fits decides; one with words fits where the provider says them. A code that\nis not listed fails the lead when it comes with HTTP 4xx, and is `outcome_unknown` with 5xx; `…_http_…` was answered by\nsomething on the way, and is read as of WhatsApp below.',
    ...APIS.flatMap(([name, rows]) => [
      `### ${name}`,
      table(['codes', 'meaning', 'what Tidings does'], rows.map(apiRow)),
    ]),
    '## WhatsApp (Cloud API)',
    'The code is `whatsapp_131026`. A code that is not listed fails the lead when it comes with HTTP 4xx, and is\n`outcome_unknown` with 5xx. `whatsapp_http_…` was answered by something on the way, not by WhatsApp: 429 slows down, other 3xx\nand 4xx pause all sends of the sender, the rest (and 303, 408, 499) is `outcome_unknown`. A connection that failed before\nthe request was written (`ECONNREFUSED`, `ENOTFOUND`, `UND_ERR_CONNECT_TIMEOUT` …) is waited out; after that it is\n`outcome_unknown`. Of a message that has a template, 131047 of its text is answered by the template, and of the template\n132000 and 132001 ask what became of it, 132015 waits until it is back, and 132016 pauses the send: no lead is failed by it.',
    table(['codes', 'meaning', 'what Tidings does'], whatsapp!),
    '## WhatsApp (Twilio)',
    'The code is `twilio_63016`, and `twilio_http_…` is what something on the way answered; what is not listed is read as above.',
    table(['codes', 'meaning', 'what Tidings does'], twilio!),
  ].join('\n\n')}\n`;
}

const APIS: readonly (readonly [string, readonly ErrorRow[]])[] = [
  ['Amazon SES', SES_ROWS],
  ['Resend', RESEND_ROWS],
  ['Postmark', POSTMARK_ROWS],
  ['SendGrid', SENDGRID_ROWS],
  ['Mailgun', MAILGUN_ROWS],
  ['Brevo', BREVO_ROWS],
];

function apiRow({ codes, status, words, says, verdict }: ErrorRow): readonly [string, string, string] {
  const only = [status === undefined ? null : `HTTP ${status}`, words && 'by its words'].filter(Boolean);
  const known = codes.map((code) => `\`${code}\``).join(', ');
  return [only.length > 0 ? `${known} (${only.join(', ')})` : known, says, inWords(effectsOf(verdict))];
}

const OUTCOMES: readonly (readonly [string, Deciding])[] = [
  ['accepted', { type: 'accepted' }],
  ['transient, of this recipient', { type: 'transient', scope: 'recipient' }],
  ['transient, of the sender', { type: 'transient', scope: 'sender' }],
  ['throttled, this recipient', { type: 'throttled', scope: 'recipient' }],
  ["throttled, the recipient's domain", { type: 'throttled', scope: 'domain' }],
  ['throttled, the sender', { type: 'throttled', scope: 'sender' }],
  ['permanent', { type: 'permanent' }],
  ['permanent, maybe of the message', { type: 'permanent', breaker: true }],
  ['permanent, nobody there', { type: 'permanent', suppress: 'bounced' }],
  ['skipped', { type: 'skipped' }],
  ['stop_send', { type: 'stop_send' }],
  ['account', { type: 'account' }],
  ['window closed', { type: 'window_closed' }],
  ['template off', { type: 'template_off' }],
  ['uncertain', { type: 'uncertain' }],
];

const ROW: Readonly<Record<Effects['row'], string>> = {
  sent: 'sent',
  retried: 'tried again later, as one of its tries',
  pending: 'stays pending, without losing a try',
  failed: 'failed',
  unknown: 'failed as `outcome_unknown`, never sent again by itself',
  skipped: 'skipped',
};
const SENDER = {
  goes_on: null,
  slows_down: 'the sender slows down',
  rests: 'the sender rests until it works',
};
const SEND = {
  goes_on: null,
  paused: 'the send is paused',
  paused_if_repeated: 'twenty alike in a row pause the send',
  all_of_sender_paused: 'all sends of the sender are paused',
};

function inWords({ row, sender, domain, send, suppresses }: Effects): string {
  const parts = [
    ROW[row],
    SENDER[sender],
    domain === 'rests' ? 'its domain rests' : null,
    SEND[send],
    suppresses && `the contact is suppressed as \`${suppresses}\``,
  ];
  return parts.filter((part) => part !== null).join('; ');
}

/** `200 to 299` where numbers follow each other, so that a hundred permissions are one word. */
function ranges(codes: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const code of codes) {
    const run = runs.at(-1);
    if (run?.[1] === code - 1) run[1] = code;
    else runs.push([code, code]);
  }
  return runs.map(([from, to]) => (from === to ? from : `${from} to ${to}`)).join(', ');
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
