import { describe, it } from 'vitest';
import * as z from 'zod';
import { readEvents } from '../src/cli/mcp-call.ts';
import { normalizeEmail, normalizePhone } from '../src/core/leads/contact.ts';
import { readLeadsCsv } from '../src/core/leads/csv/read-leads-csv.ts';
import { csvLine, fromText } from '../src/core/leads/csv/write-csv.ts';
import { plainNodes } from '../src/core/leads/lead-filters.ts';
import { metadataColumns } from '../src/core/leads/metadata.ts';
import { planColumns } from '../src/core/leads/reading/column-plan.ts';
import { fold } from '../src/core/leads/reading/fold.ts';
import { parseStatus } from '../src/core/leads/reading/lead-status.ts';
import { messageFormat } from '../src/core/messages/content.ts';
import { parseMergeText } from '../src/core/messages/parse-merge-text.ts';
import { textPart } from '../src/core/messages/text-part.ts';
import { readStartTime } from '../src/core/sends/start-time.ts';
import { createHttpApp } from '../src/http/app.ts';
import { takeUpload, uploadKind } from '../src/http/upload.ts';
import { createLog } from '../src/log/create-log.ts';
import { checkInput } from '../src/operations/check-input.ts';
import { type LeadContext, leadOperations } from '../src/operations/leads.ts';
import { operation } from '../src/operations/operation.ts';
import { readCursor } from '../src/operations/page.ts';
import { redact as redactGraph } from '../src/providers/answers.ts';
import { judgeBounce } from '../src/providers/email/bounces/judge-bounce.ts';
import { splitMails } from '../src/providers/email/bounces/split-mails.ts';
import { headerText, unstructuredHeader } from '../src/providers/email/message/header.ts';
import { redact as redactRelay } from '../src/providers/email/smtp/errors.ts';
import { parseReply } from '../src/providers/email/smtp/reply.ts';
import { asciiDomainAddress } from '../src/providers/email/smtp/settings.ts';
import { hide } from '../src/providers/redact-secrets.ts';
import type { Tidings } from '../src/tidings.ts';
import { oneLine, visibleJson } from '../src/visible.ts';
import { CALLER } from './support/caller.ts';
import { quiet } from './support/core.ts';
import { expectLinear } from './support/growth.ts';

/** Two accents that are always in the wrong order: to sort them takes the square of their number. */
const ACCENTS = '\u0315\u0300';

const CSV: [name: string, unit: string, before?: string][] = [
  ['equal names', 'a,'],
  ['numbered names', 'a,a (2),'],
  ['delimiters of all kinds', ',;\t|'],
  ['quotes', '"', 'name\n'],
  ['quotes in the header', '"'],
  ['quoted delimiters', '",', 'name\n'],
  ['quoted line breaks', '"\n', 'name\n'],
  ['a quote that is never closed', 'x\n', 'name\n"'],
  ['text behind quotes', '"x" ', 'name\n'],
  ['carriage returns', '\r', 'name\n'],
  ['line feeds', '\n', 'name\n'],
  ['blank lines', ' \n'],
  ['NUL characters', '\0\n', `name\n${'x'.repeat(70_000)}\n`],
  ['byte order marks', '\ufeff\n', 'name\n'],
  ['rows of another width', '<@,,,x\n', 'name,a\n'],
  ['apostrophes', "'", 'name\n'],
  ['accents in a name', ACCENTS, 'name,a'],
  ['accents in a status', `a${ACCENTS.repeat(1_000)}\n`, 'status,name\n'],
  ['cards', 'BEGIN:VCARD\nFN:A\nTEL;TYPE=cell:+525512345678\nEND:VCARD\n'],
  ['cards without an end', 'BEGIN:VCARD\n'],
  ['folded lines of a card', ' x\n', 'BEGIN:VCARD\nNOTE:'],
  ['soft breaks of a card', 'x=\n', 'BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:'],
  ['one line of a card', ';"', 'BEGIN:VCARD\nTEL'],
];

async function readCsv(bytes: Uint8Array): Promise<void> {
  const input = async function* () {
    yield bytes;
  };
  for await (const _ of readLeadsCsv(input())) {
  }
}

describe('a CSV takes as much time as it is long', () => {
  it.each(CSV)('of %s', async (_, unit, before = '') => {
    await expectLinear((text) => readCsv(Buffer.from(text)), unit, before);
  });

  it.each([
    ['UTF-16', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'), 'x\n'],
    ['Latin-1', (text: string) => Buffer.from(text, 'latin1'), '\xf1\n'],
    ['bytes that are no text', (text: string) => Buffer.from(`ñ${text}`, 'latin1'), '\xc3'],
  ] as const)('in %s', async (_, encode, unit) => {
    await expectLinear((text) => readCsv(encode(text)), unit, 'name\n');
  });

  it.each([',', '=', "'", '\n=', '"', ' ', '+1 '])('written of %j', async (unit) => {
    await expectLinear((text) => csvLine([text, fromText(text)]), unit);
  });
});

const HTML: [unit: string, before?: string, after?: string][] = [
  [' ', '<pre>', 'x</pre>'],
  ['\t \n', '<pre>', 'x</pre>'],
  ['<table><tr><td>a <td>b</table>'],
  ['<ol><li>a</ol><blockquote>a<br>b</blockquote><hr>'],
  ['</p>'],
  ['<i><div>'],
  ['&amp;&#'],
  ['<'],
  ['<!--'],
  [' a="', '<p '],
  ['<a href="x">y</a>'],
  ['</styl', '<style>'],
];

describe('HTML takes as much time as it is long', () => {
  it.each(HTML)('to become text: %j', async (unit, before, after) => {
    await expectLinear(
      (text) => textPart({ source: text, segments: [text], fieldCount: 0 }),
      unit,
      before,
      after,
    );
  });

  it.each(['<a ', '<', '</', '<a<a ', '<h1 x', '<!doctype ', ' /', '<b/'])(
    'to be told from text: %j',
    async (unit) => {
      await expectLinear((text) => messageFormat('email', text), unit, '<a ');
    },
  );
});

describe('a message takes as much time as it is long', () => {
  it.each([
    '{{',
    '{',
    '{{lead.name}}',
    '{{"',
    '{{a|',
    '{{a.',
    '{{a | default: "',
    '{%',
    '}}',
    "{{lead.name | default: ''}}",
  ])('to be read for merge fields: %j', async (unit) => {
    await expectLinear((text) => parseMergeText(text), unit);
    await expectLinear((text) => parseMergeText(text), unit, '{{lead.name}}', '}}');
    await expectLinear((text) => parseMergeText(text), 'x', unit.repeat(900));
  });

  it.each(['a ', ' ', 'ñ', '\r\n', ACCENTS])('to become a header: %j', async (unit) => {
    await expectLinear((text) => unstructuredHeader('Subject', headerText(text)), unit);
  });
});

describe('a contact takes as much time as it is long', () => {
  const units = [
    'a',
    'a.',
    '.',
    '-',
    '@',
    '<',
    '<a@b.example>',
    ' ',
    '\u200b',
    ACCENTS,
    'ñ',
    'ñ.',
    'xn--',
    '1',
  ];

  it.each(units)('as an address: %j', async (unit) => {
    await expectLinear(normalizeEmail, unit);
    await expectLinear(normalizeEmail, unit, 'a@', '.example');
    await expectLinear(normalizeEmail, unit, 'a', '@b.example');
    await expectLinear(asciiDomainAddress, unit, 'a@', '.example');
  });

  it.each(['1', '+', '(', '-', ' 1', '00', ';ext=', '٣', 'x'])('as a number: %j', async (unit) => {
    await expectLinear((text) => normalizePhone(text, 'MX'), unit);
    await expectLinear((text) => normalizePhone(text, null), unit, '+52');
  });
});

describe("a provider's words take as much time as they are long", () => {
  const hidden = [hide('a secret of some length', '(password)'), hide('aaaa', '(user)')];

  it.each(['a', 'a@', '@', '<', '"', '"a', 'a b', '1', '+1 (', '1 ', '-', '\n', 'YQ==', 'a@b>'])(
    'to be told without secrets and addresses: %j',
    async (unit) => {
      await expectLinear((text) => redactRelay(text, hidden), unit);
      await expectLinear((text) => redactGraph(text, hidden), unit);
    },
  );

  it.each(['2', '250-x\r\n', '250-', '\r\n', '250 2.1.0 ', '5.'])('as a reply: %j', async (unit) => {
    await expectLinear((text) => parseReply(text)?.text, unit, '250-');
  });

  it.each(['src/', 'node_modules/a:1', ' ', '": ', '\n    at src/a', '\u009b'])(
    'in a log: %j',
    async (unit) => {
      const log = createLog('info', { write() {} });
      await expectLinear((text) => log.error({ err: new Error(text) }, 'x'), unit);
      await expectLinear((text) => log.error({ err: new SyntaxError(text) }, 'x'), unit);
      await expectLinear((text) => [oneLine(text), visibleJson(text)], unit);
    },
  );

  it.each(['data: ', '\n', 'data: {}\n\n', '\r\n', ':'])('as a stream of events: %j', async (unit) => {
    const read = async (text: string) => {
      const pieces = async function* () {
        for (let at = 0; at < text.length; at += 8_192) yield Buffer.from(text.slice(at, at + 8_192));
      };
      for await (const _ of readEvents(pieces())) {
      }
    };
    await expectLinear(read, unit);
  });
});

describe('arguments take as much time as they are long', () => {
  const operations = leadOperations({} as LeadContext);
  const list = operations.find(({ name }) => name === 'leads.list')!;
  const create = operations.find(({ name }) => name === 'leads.create')!;

  it.each(['1', '-', 'a', ' ', '%', '\\', ACCENTS, '\ud800'])('of %j', async (unit) => {
    for (const name of ['search', 'status', 'cursor', 'limit'])
      await expectLinear((text) => checkInput(list, { [name]: text }), unit);
    await expectLinear((text) => checkInput(list, { [text]: 1 }), unit);
    await expectLinear((text) => checkInput(create, { name: 'x', metadata: { [text]: text } }), unit);
    await expectLinear(readCursor, unit);
    await expectLinear((text) => readStartTime(text, 0), unit, '2026-01-01T');
    await expectLinear((text) => plainNodes({ search: text }), unit);
    await expectLinear((text) => metadataColumns({ [text]: [text] }), unit);
    await expectLinear((text) => [fold(text), parseStatus(text), planColumns([text])], unit);
  });
});

describe('a request takes as much time as it is long', () => {
  const tidings = {
    operations: [],
    modes: { email: 'sandbox', whatsapp: 'sandbox' },
  } as unknown as Tidings;
  const swallow = operation({
    name: 'leads.import',
    summary: '',
    effect: 'write',
    route: 'POST /leads/import',
    input: z.object({}),
    output: z.looseObject({}),
    run: async () => ({}),
    async upload(bytes) {
      for await (const _ of bytes) {
      }
      return {};
    },
  });
  const app = createHttpApp({
    tidings: { ...tidings, webhooks: { sources: [], take: async () => {} } },
    version: '1',
    host: '127.0.0.1',
    port: () => 3_000,
    apiKey: 'a key of sixteen and more',
    publicUrl: null,
    log: quiet,
  } as Parameters<typeof createHttpApp>[0]);

  it.each(['a', ' ', ' a', '\t', ';', '.', ':'])('with headers of %j', async (unit) => {
    const begun = {
      authorization: 'Bearer ',
      'x-api-key': '',
      'content-type': 'application/',
      origin: 'http://a',
    };
    for (const [header, before] of Object.entries(begun)) {
      const ask = (text: string) =>
        app.request('http://127.0.0.1:3000/mcp', { headers: { [header]: `${text}x` } });
      await expectLinear(ask, unit, before);
    }
  });

  it.each([
    '--b\r\n',
    '--',
    '\r\n',
    '\r\n--b',
    'x',
    'Content-Disposition: form-data; ',
    '--b\r\n\r\n\r\n',
    ';="',
  ])('as a form of %j', async (unit) => {
    const upload = async (text: string) => {
      const type = { 'content-type': `multipart/form-data; boundary=b` };
      const request = new Request('http://x/', { method: 'POST', body: text, headers: type });
      return takeUpload(swallow, request, uploadKind(request)!, {}, CALLER);
    };
    const file = '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n';
    await expectLinear(upload, unit);
    await expectLinear(upload, unit, file, '\r\n--b--\r\n');
  });
});

/** A mail that came back, as far as it is the same for all of them. */
const DSN_HEAD = 'From: MAILER-DAEMON@x.example\nSubject: Undelivered Mail\nReturn-Path: <>\n';
const BOUNCES: [name: string, unit: string, before?: string][] = [
  ['headers', 'X-A: b\n', DSN_HEAD],
  ['folded lines of a header', ' x\n', `${DSN_HEAD}To: a`],
  ['recipients of a header', '<a@b.example>, ', `${DSN_HEAD}X-Failed-Recipients: `],
  ['encoded words', '=?utf-8?q?a?= ', `${DSN_HEAD}Subject: `],
  ['comments', '(', `${DSN_HEAD}Content-Type: multipart/report; boundary=b `],
  ['parts', '--b\n\nx\n', `${DSN_HEAD}Content-Type: multipart/report; boundary=b\n\n`],
  [
    'parts in parts',
    '--b\nContent-Type: multipart/mixed; boundary=b\n\n',
    `${DSN_HEAD}Content-Type: multipart/report; boundary=b\n\n`,
  ],
  [
    'reports in reports',
    '--b\nContent-Type: message/rfc822\n\n',
    `${DSN_HEAD}Content-Type: multipart/report; boundary=b\n\n`,
  ],
  [
    'groups of a report',
    'Final-Recipient: rfc822; a@b.example\nAction: failed\n\n',
    `${DSN_HEAD}Content-Type: message/delivery-status\n\n`,
  ],
  [
    'a field that does not end',
    ' x\n',
    `${DSN_HEAD}Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nDiagnostic-Code: a`,
  ],
  ...[
    '<a@b.example>:\n',
    'a@',
    'a.',
    'mailbox ',
    'exceeded over ',
    '-- original ',
    'Received: x\n',
    '5.1.',
    '"',
    '\n',
    ' ',
    '>',
  ].map((unit): [string, string, string] => [`"${unit.trim()}" in free text`, unit, `${DSN_HEAD}\n`]),
  ['lines of spaces', `${' '.repeat(999)}\n`, `${DSN_HEAD}\n`],
  ['elements in elements', '<div>', `${DSN_HEAD}Content-Type: text/html\n\n`],
  ['tags', '<p>', `${DSN_HEAD}Content-Type: text/html\n\n`],
  ['entities', '&amp;&#x', `${DSN_HEAD}Content-Type: text/html\n\n`],
];

describe('a mail that came back takes as much time as it is long', () => {
  it.each(BOUNCES)('of %s', async (_, unit, before = '') => {
    await expectLinear((text) => judgeBounce(Buffer.from(text)), unit, before);
  });

  it.each(['\n', 'x', 'From x Tue Nov  3 10:00:00 2026\n\n', '\r'])('in an mbox of %j', async (unit) => {
    const read = async (text: string) => {
      const input = async function* () {
        yield Buffer.from(text);
      };
      for await (const _ of splitMails(input())) {
      }
    };
    await expectLinear(read, unit, 'From x Tue Nov  3 10:00:00 2026\n');
  });
});
