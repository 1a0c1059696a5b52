import { describe, expect, test } from 'vitest';
import {
  complaint,
  failed,
  letter,
  mail,
  RETURNED,
  report,
  told,
} from '../../../../test/support/bounce-mails.ts';
import fc from '../../../../test/support/property.ts';
import { judgeBounce } from './judge-bounce.ts';

const LEO = 'leo@example.net';

/** What servers say, what it means, and the status that is left of it. */
const ANSWERS: readonly (readonly [kind: string, reason: string, said: string])[] = [
  [
    'hard',
    'userunknown',
    '550 5.1.1 <leo@example.net>: Recipient address rejected: User unknown in local recipient table',
  ],
  [
    'hard',
    'userunknown',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient leo@example.net not found by SMTP address lookup',
  ],
  [
    'hard',
    'userunknown',
    '550 5.4.1 [leo@example.net]: Recipient address rejected: Access denied. AS(201806281)',
  ],
  [
    'hard',
    'userunknown',
    '550-5.1.1 The email account that you tried to reach does not exist. Please try 550 5.1.1 double-checking the address for typos',
  ],
  ['hard', 'userunknown', '553 sorry, that mail-box was not found here (#5.7.1)'],
  ['hard', 'userunknown', '550 Invalid Recipient'],
  ['hard', 'userunknown', '550 5.5.0 Requested action not taken: mailbox unavailable'],
  ['hard', 'userunknown', '554 delivery error: This user does not have a mail.example account'],
  ['hard', 'userunknown', '550 UNKNOWN_USER see the help pages'],
  ['hard', 'userunknown', '550 Benutzer unbekannt'],
  ['hard', 'userunknown', '550 usuario inexistente: el destinatario no existe'],
  [
    'hard',
    'hostunknown',
    '550 5.1.2 leo@example.net... Host unknown (Name server: example.net: host not found)',
  ],
  [
    'hard',
    'hostunknown',
    'Host or domain name not found. Name service error for name=example.net type=AAAA: Host not found',
  ],
  ['hard', 'hasmoved', '551 5.1.6 the mailbox has moved, see the new address'],
  ['hard', 'notaccept', '556 5.1.10 example.net does not accept mail (nullMX)'],
  ['hard', 'userunknown', '550 <leo@example.net> not found'],
  ['hard', 'userunknown', '550 no existe dicha persona'],
  ['hard', 'userunknown', '554 destination server rejected recipients'],
  ['hard', 'userunknown', '550 non-local recipient verification failed'],
  ['hard', 'userunknown', '550 there is no one at this address'],
  ['soft', 'filtered', '550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required'],
  ['message', 'mesgtoobig', '550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient'],
  ['soft', 'expired', '450 4.2.0 <leo@example.net>: Recipient address rejected: Greylisted'],
  [
    'soft',
    'expired',
    '554 4.4.7 message timeout (exceeded max time, last transfail: no MXs for this domain could be reached)',
  ],
  [
    'sender',
    'speeding',
    '421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP Netblock',
  ],
  ['sender', 'rejected', '550-Callback setup failed while verifying <news@shop.example>'],
  ['soft', 'mailboxfull', '552 5.2.2 <leo@example.net>: user is over quota'],
  ['soft', 'mailboxfull', '550 5.1.1 the mailbox of this user is full'],
  ['soft', 'mailboxfull', '452 4.2.2 The email account that you tried to reach is out of storage space'],
  ['soft', 'suspend', '550 5.2.1 The email account that you tried to reach is disabled'],
  ['soft', 'expired', '550 4.4.7 Message expired: unable to deliver in 840 minutes'],
  ['soft', 'networkerror', 'connect to mx.example.net[192.0.2.9]:25: Connection timed out'],
  ['soft', 'networkerror', '554 5.4.6 Too many hops'],
  [
    'soft',
    'networkerror',
    'Host or domain name not found. Name service error for name=example.net: Host not found, try again',
  ],
  ['soft', 'mailererror', 'Command died with status 75: "/usr/bin/sorter"'],
  ['soft', 'filtered', '550 5.1.1 RP2 Refused due to recipient preferences'],
  ['soft', 'undefined', '554 no thank you'],
  ['message', 'mesgtoobig', '552 5.3.4 Message size exceeds fixed limit'],
  ['message', 'mesgtoobig', '550 5.1.1 max message size exceeded'],
  ['message', 'spamdetected', '554 5.7.1 This message looks like spam'],
  ['message', 'virusdetected', '550 5.7.1 a virus was found in the attachment'],
  ['message', 'contenterror', '554 5.6.0 malformed MIME in the message'],
  [
    'sender',
    'blocked',
    "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your\n Internet service provider since part of their network is on our block list (S3150).",
  ],
  ['sender', 'blocked', '554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using dnsbl.example'],
  ['sender', 'norelaying', '554 5.7.1 <leo@example.net>: Relay access denied'],
  ['sender', 'rejected', '550 5.1.1 <news@shop.example>: Sender address rejected: User unknown'],
  [
    'sender',
    'authfailure',
    '550 5.7.26 Unauthenticated email from shop.example is not accepted due to domain’s DMARC policy',
  ],
  ['sender', 'requireptr', '550 5.7.25 The IP address sending this message does not have a PTR record'],
  ['sender', 'speeding', '452 4.3.2 too many messages from this sender, slow down'],
  [
    'sender',
    'policyviolation',
    '554 5.7.1 <leo@example.net>: Recipient address rejected: Message refused by our policy',
  ],
  ['sender', 'policyviolation', '550 5.7.1 Delivery not authorized, message refused'],
];

describe('what a server says decides, and not the code it gives', () => {
  test.each(ANSWERS)('%s, %s: %s', async (kind, reason, said) => {
    const judged = await judgeBounce(failed(said));
    expect(judged).toMatchObject({ kind, reason, recipients: [LEO] });
    expect(judged.delivery).toBe('0199a1c2111170008000000000000001.1z');
  });

  test('the status with something to say is told, wherever it stands', async () => {
    expect((await judgeBounce(failed('552 5.2.2 over quota', '5.0.0'))).status).toBe('5.2.2');
    expect((await judgeBounce(failed('550 no such user', '5.1.1'))).status).toBe('5.1.1');
    expect((await judgeBounce(failed('550 no such user at [192.5.1.1]', '5.0.0'))).status).toBe('5.0.0');
  });

  test('codes decide where the words say nothing', async () => {
    for (const [status, kind] of [
      ['5.1.1', 'hard'],
      ['5.1.2', 'hard'],
      ['4.4.4', 'soft'],
      ['5.2.2', 'soft'],
      ['5.2.1', 'soft'],
      ['5.3.4', 'message'],
      ['5.7.1', 'sender'],
      ['5.0.0', 'soft'],
    ]) {
      expect((await judgeBounce(failed('see the log', status!))).kind, status).toBe(kind);
    }
  });

  test('the subject that we wrote ourselves, and that comes back with the mail, is nobody’s answer', async () => {
    const words =
      'Your message\n\n  Subject: Your mailbox is full, user unknown\n\ncould not be delivered to:\n\nleo@example.net\n';
    const judged = await judgeBounce(told(words, 'Undeliverable: Your mailbox is full, user unknown'));
    expect(judged).toMatchObject({ kind: 'soft', reason: 'undefined', recipients: [LEO] });
  });
});

describe('a report in the form of the standard', () => {
  const group = (recipient: string, action: string, status: string) =>
    `Final-Recipient: ${recipient}\nAction: ${action}\nStatus: ${status}`;

  test('names several recipients, of whom those count that fared worst', async () => {
    const judged = await judgeBounce(
      report([
        group('rfc822; ann@example.org', 'failed', '5.2.2'),
        group('rfc822; bob@example.org', 'failed', '5.1.1'),
        group('rfc822; eve@example.org', 'failed', '5.1.1'),
        group('rfc822; kim@example.org', 'delivered', '2.0.0'),
      ]),
    );
    expect(judged).toMatchObject({
      kind: 'hard',
      recipients: ['bob@example.org', 'eve@example.org'],
      status: '5.1.1',
    });
  });

  test('means whoever was written to, and not where it was forwarded', async () => {
    const fields = `Original-Recipient: rfc822;${LEO}\n${group('rfc822;leonard@elsewhere.example', 'failed', '5.1.1')}`;
    expect((await judgeBounce(report([fields]))).recipients).toEqual([LEO]);
  });

  test('has addresses in any script (RFC 6533), written out or in code points', async () => {
    for (const [written, address] of [
      ['utf-8; grüße@bücher.example', 'grüße@bücher.example'],
      ['utf-8; gr\\x{FC}\\x{DF}e@example.org', 'grüße@example.org'],
    ]) {
      const raw = report(
        [group(written!, 'failed', '5.1.1')],
        'Not delivered.',
        'message/global-delivery-status',
      );
      expect(await judgeBounce(raw)).toMatchObject({ kind: 'hard', recipients: [address] });
    }
  });

  test('is a delay, or no bounce at all, when it says so', async () => {
    expect(await judgeBounce(report([group(`rfc822; ${LEO}`, 'delayed', '4.4.1')]))).toMatchObject({
      kind: 'delayed',
      recipients: [LEO],
    });
    for (const action of ['delivered', 'relayed', 'expanded']) {
      const judged = await judgeBounce(report([group(`rfc822; ${LEO}`, action, '2.1.5')]));
      expect(judged.kind, action).toBe('none');
    }
  });

  test('is read where fields are folded, groups run into each other, or the code stands in a comment', async () => {
    const folded = `${group(`rfc822;\n ${LEO}`, 'failed', '5.0.0')}\nDiagnostic-Code: smtp; 550\n 5.1.1 no\n such user`;
    expect(await judgeBounce(report([folded]))).toMatchObject({ kind: 'hard', status: '5.1.1' });
    const run = `${group('rfc822; ann@example.org', 'failed', '5.1.1')}\n${group('rfc822; bob@example.org', 'failed', '5.1.1')}`;
    expect((await judgeBounce(report([run]))).recipients).toEqual(['ann@example.org', 'bob@example.org']);
    const comment = group(`rfc822; ${LEO}`, 'failed', '5.0.0 (the disk quota of this user is exceeded)');
    expect(await judgeBounce(report([comment]))).toMatchObject({ kind: 'soft', reason: 'mailboxfull' });
  });

  test('is found inside a mail that a filter wrapped around it', async () => {
    const inner = failed('550 5.1.1 user unknown').toString();
    const raw = mail(
      {
        'Return-Path': '<>',
        From: 'postmaster@filter.example',
        To: 'x@y.example',
        Subject: 'Delivery failure',
        'Content-Type': 'multipart/mixed; boundary=w',
      },
      `--w\nContent-Type: text/plain\n\nThis mail is confidential.\n\n--w\nContent-Type: message/rfc822\n\n${inner}\n--w--\n`,
    );
    expect(await judgeBounce(raw)).toMatchObject({ kind: 'hard', recipients: [LEO] });
  });

  test('is read when lines end in any way, and with the line of an mbox in front', async () => {
    const text = failed('550 5.1.1 user unknown').toString();
    for (const form of [
      text.replaceAll('\r\n', '\n'),
      text.replaceAll('\r\n', '\r'),
      `\r\nFrom x Tue Nov  3 10:00:00 2026\r\n${text}`,
    ]) {
      expect(await judgeBounce(Buffer.from(form))).toMatchObject({ kind: 'hard', recipients: [LEO] });
    }
  });
});

/** In the manner of servers that speak no standard. */
const FREE_TEXT: readonly (readonly [
  server: string,
  kind: string,
  raw: Buffer,
  recipients?: readonly string[],
])[] = [
  [
    'qmail',
    'hard',
    told(
      `Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<${LEO}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n${RETURNED}`,
    ),
  ],
  [
    'Exim',
    'soft',
    told(
      `This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  ${LEO}\n    SMTP error from remote mail server after RCPT TO:<${LEO}>:\n    552 mailbox is full\n\n------ This is a copy of the message, including all the headers. ------\n\n${RETURNED}`,
      'Mail delivery failed: returning message to sender',
      'Mail Delivery System <Mailer-Daemon@mx.example.net>',
    ),
  ],
  [
    'Sendmail',
    'hard',
    told(
      `The original message was received at Tue, 3 Nov 2026\n\n   ----- The following addresses had permanent fatal errors -----\n<${LEO}>\n    (reason: 550 5.1.1 User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> RCPT To:<${LEO}>\n<<< 550 5.1.1 User unknown\n`,
      'Returned mail: see transcript for details',
    ),
  ],
  [
    'Exchange',
    'hard',
    told(
      `Your message\n\n  To:      Leo\n  Subject: Hello\n  Sent:    Tue, 3 Nov 2026 10:00:00 -0000\n\ndid not reach the following recipient(s):\n\n${LEO} on Tue, 3 Nov 2026 10:00:05 -0000\n    The recipient name is not recognized\n`,
      'Undeliverable: Hello',
      'System Administrator <postmaster@mx.example.net>',
    ),
  ],
  [
    'Domino',
    'hard',
    told(
      `Your message\n\n  Subject: Hello\n\nwas not delivered to:\n\n  ${LEO}\n\nbecause:\n\n  User leo (${LEO}) not listed in Domino Directory\n`,
      `DELIVERY FAILURE: User leo (${LEO}) not listed in Domino Directory`,
      'Postmaster@example.net',
    ),
  ],
  [
    'Notes in Japanese',
    'hard',
    told(
      `------- Failure Reasons  --------\n\nディレクトリのリストにありません\n${LEO}\n\n------- Returned Message --------\n${RETURNED}`,
      'Undeliverable message',
      'postmaster@example.net',
    ),
  ],
  [
    'Courier',
    'soft',
    told(
      `This is a delivery status notification from mx.example.net.\n\nYour message could not be delivered to:\n\n<${LEO}>:\n     mx.example.net [192.0.2.9]:\n<<< 452 Mail box over quota\n`,
      'NOTICE: mail delivery status.',
    ),
  ],
  [
    'a filter',
    'hard',
    told(
      `Your message:\n   From:    news@shop.example\n   Subject: Hello\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    ${LEO}\n`,
      'Undeliverable Mail: "Hello"',
      'postmaster@relay.example',
    ),
  ],
  [
    'a Japanese carrier',
    'soft',
    told(
      `Your mail sent on: Tue, 3 Nov 2026\n     Could not be delivered to: <${LEO}>\n     As their mailbox is full.\n`,
      'Mail',
      'info@carrier.example',
    ),
  ],
  [
    'a large mail host, for two people',
    'hard',
    told(
      `Message from host.example.\nUnable to deliver message to the following address(es).\n\n<ann@host.example>:\nThis user doesn't have a host.example account (ann@host.example) [0]\n\n<bob@host.example>:\nmailbox is full\n`,
      'Delivery failure',
    ),
    ['ann@host.example'],
  ],
  [
    'MailEnable',
    'hard',
    told(
      `The following recipient(s) could not be reached:\n\n\tRecipient: [SMTP:${LEO}]\n\tReason: Remote SMTP Server Returned: 550 mailbox unavailable or not local.\n`,
      'Message Delivery Failure',
      'Delivery Subsystem <POSTMASTER@mx.example.net>',
    ),
  ],
  [
    'Dovecot',
    'soft',
    told(
      `Your message to <${LEO}> was automatically rejected:\nQuota exceeded\n`,
      'Rejected: Hello',
      'Mail Delivery Subsystem <postmaster@mx.example.net>',
    ),
  ],
  [
    'a server in German',
    'hard',
    told(
      `Ihre Nachricht konnte nicht zugestellt werden.\n\n<${LEO}>:\nDie Adresse ist unbekannt.\n`,
      'Unzustellbar: Hallo',
      'postmaster@mx.example.net',
    ),
  ],
  [
    'a server in Spanish, as HTML',
    'soft',
    mail(
      {
        'Return-Path': '<>',
        From: 'postmaster@mx.example.net',
        Subject: 'No se puede entregar',
        'Content-Type': 'text/html; charset=utf-8',
      },
      `<html><head><style>p{}</style></head><body><p>No se pudo entregar su mensaje a</p><p>${LEO}</p><p>El buz&oacute;n est&aacute; lleno.</p></body></html>`,
    ),
  ],
  [
    'Exim, by its header alone',
    'hard',
    mail(
      { From: 'postmaster@mx.example.net', Subject: 'Hello', 'X-Failed-Recipients': LEO },
      'host said: 550 no such user',
    ),
  ],
  [
    'a server that will go on trying',
    'delayed',
    told(
      `THIS IS A WARNING MESSAGE ONLY.\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to ${LEO} has been delayed: the mailbox is full. It will be retried for 5 days.\n`,
      'Warning: message delayed 24 hours',
    ),
  ],
];

describe('a server that writes as it likes is understood', () => {
  test.each(
    FREE_TEXT.map(([server, kind, raw, recipients = [LEO]]) => [server, kind, raw, recipients] as const),
  )('%s: %s', async (_, kind, raw, recipients) => {
    expect(await judgeBounce(raw)).toMatchObject({ kind, recipients });
  });
});

describe('no bounce is', () => {
  test.each<[subject: string, body: string, header?: Record<string, string>]>([
    [
      'Out of office: Spring offer',
      'I am away until Monday. Last week our system said "550 5.1.1 user unknown" to some; please try again.',
      { 'Auto-Submitted': 'auto-replied' },
    ],
    ['Automatische Antwort: Angebot', 'Ich bin bis Montag nicht im Büro.'],
    ['Réponse automatique : offre', 'Je suis absent.'],
    ['Respuesta automática: oferta', 'Estoy fuera de la oficina.'],
    ['Resposta automática: oferta', 'Estou de férias.'],
    ['自動返信: お知らせ', '不在にしております。'],
    ['Hello', 'I have left the company, my address is no longer in use.', { 'X-Autoreply': 'yes' }],
    ['Hello', 'Away.', { Precedence: 'auto_reply' }],
  ])('an autoreply: %s', async (subject, body, header = {}) => {
    expect(await judgeBounce(letter(subject, body, header))).toMatchObject({
      kind: 'autoreply',
      recipients: ['ana@customer.example'],
    });
  });

  test.each([
    [
      'a letter that speaks of bounces',
      letter(
        'Question',
        'My colleague got "550 5.1.1 user unknown", her mailbox is full. Undeliverable? Please stop.',
      ),
    ],
    [
      'a bounce that a person passes on',
      letter(
        'Fwd: Undelivered Mail Returned to Sender',
        `What is this?\n\n> <${LEO}>: 550 5.1.1 User unknown\n`,
      ),
    ],
    [
      'a receipt that it was read',
      mail(
        {
          From: 'Ana <ana@customer.example>',
          Subject: 'Read: Spring offer',
          'Content-Type': 'multipart/report; report-type=disposition-notification; boundary=r',
        },
        '--r\nContent-Type: text/plain\n\nYour message was displayed.\n\n--r\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ana@customer.example\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--r--\n',
      ),
    ],
    ['nothing', Buffer.alloc(0)],
    [
      'broken MIME',
      Buffer.from(
        'Content-Type: multipart/mixed; boundary="\r\n\r\n--\r\nContent-Type: multipart/report; boundary=\0\r\n\r\n--\0',
      ),
    ],
  ])('%s', async (_, raw) => {
    expect(await judgeBounce(raw)).toMatchObject({
      kind: 'none',
      recipients: [],
      status: null,
      reason: null,
    });
  });
});

describe('a complaint', () => {
  test('is a report of abuse, about whoever the message went to', async () => {
    expect(await judgeBounce(complaint('Feedback-Type: abuse\nVersion: 1\nUser-Agent: X/1'))).toEqual({
      kind: 'complaint',
      recipients: [LEO],
      status: null,
      reason: 'abuse',
      delivery: '0199a1c2111170008000000000000001.1z',
    });
    const named = await judgeBounce(complaint('Feedback-Type: fraud\nOriginal-Rcpt-To: <kim@isp.example>'));
    expect(named).toMatchObject({ kind: 'complaint', recipients: ['kim@isp.example'], reason: 'fraud' });
  });

  test('is known by its delivery where the recipient was taken out', async () => {
    const hidden = RETURNED.replace('To: leo@example.net', 'To: redacted');
    const judged = await judgeBounce(complaint('Feedback-Type: abuse', hidden));
    expect(judged).toMatchObject({
      kind: 'complaint',
      recipients: [],
      delivery: '0199a1c2111170008000000000000001.1z',
    });
  });

  test.each(['auth-failure', 'not-spam', 'dmarc'])('is not a report of %s', async (type) => {
    expect((await judgeBounce(complaint(`Feedback-Type: ${type}`))).kind).toBe('none');
  });
});

test('no mail makes it fail: bytes of any kind, and bounces with any part of them changed', async () => {
  const bounces = FREE_TEXT.map(([, , raw]) => raw).concat(
    ANSWERS.slice(0, 3).map(([, , said]) => failed(said)),
  );
  const changed = fc
    .tuple(fc.constantFrom(...bounces), fc.nat(3_000), fc.nat(300), fc.uint8Array({ maxLength: 60 }))
    .map(([raw, at, cut, put]) => Buffer.concat([raw.subarray(0, at), put, raw.subarray(at + cut)]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 2_000 }), changed), async (raw) => {
      const judged = await judgeBounce(raw);
      expect(judged.recipients.every((one) => one.includes('@'))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
