/** Mails as servers write them, put together from a few words. Names and texts are invented. */

interface Header {
  readonly [name: string]: string;
}

const US = 'b-none@bounces.shop.example';

export function mail(header: Header, body: string): Buffer {
  const lines = Object.entries(header).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${lines.join('\n')}\n\n${body}`.replace(/\n/g, '\r\n'));
}

export const RETURNED = [
  'Received: from shop.example (shop.example [192.0.2.7]) by relay.example',
  'From: Shop <news@shop.example>',
  'To: leo@example.net',
  'Subject: Your mailbox is full of offers, unknown user',
  'Date: Tue, 3 Nov 2026 10:00:00 +0000',
  'Message-ID: <0199a1c2111170008000000000000001.1z@shop.example>',
  'MIME-Version: 1.0',
  '',
  'Hello Leo',
].join('\n');

/** A report after RFC 3464. `recipients` are groups of fields. */
export function report(
  recipients: readonly string[],
  notice = 'Your message could not be delivered.',
  type = 'message/delivery-status',
): Buffer {
  return mail(
    {
      'Return-Path': '<>',
      From: 'Mail Delivery System <MAILER-DAEMON@relay.example>',
      To: US,
      Subject: 'Undelivered Mail Returned to Sender',
      'Auto-Submitted': 'auto-replied',
      'Content-Type': 'multipart/report; report-type=delivery-status; boundary="=b"',
    },
    [
      `--=b\nContent-Type: text/plain; charset=utf-8\n\n${notice}\n`,
      `--=b\nContent-Type: ${type}\n\nReporting-MTA: dns; relay.example\n\n${recipients.join('\n\n')}\n`,
      `--=b\nContent-Type: message/rfc822\n\n${RETURNED}\n`,
      '--=b--\n',
    ].join('\n'),
  );
}

/** One recipient that failed, with what the server said. */
export function failed(said: string, status = '5.0.0'): Buffer {
  return report([
    `Final-Recipient: rfc822; leo@example.net\nAction: failed\nStatus: ${status}\nDiagnostic-Code: smtp; ${said}`,
  ]);
}

/** Free text from a server, in the manner of those that speak no standard. */
export function told(
  notice: string,
  subject = 'failure notice',
  from = 'MAILER-DAEMON@mx.example.net',
): Buffer {
  return mail(
    {
      'Return-Path': '<>',
      From: from,
      To: US,
      Subject: subject,
      'Content-Type': 'text/plain; charset=utf-8',
    },
    notice,
  );
}

/** What a person or their mailbox writes. */
export function letter(subject: string, body: string, header: Header = {}): Buffer {
  return mail(
    {
      'Return-Path': '<ana@customer.example>',
      From: 'Ana Ruiz <ana@customer.example>',
      To: US,
      Subject: subject,
      ...header,
    },
    body,
  );
}

/** A complaint after RFC 5965. */
export function complaint(fields: string, returned = RETURNED): Buffer {
  return mail(
    {
      From: 'Feedback <fbl@isp.example>',
      To: US,
      Subject: 'Abuse report',
      'Content-Type': 'multipart/report; report-type=feedback-report; boundary="=c"',
    },
    [
      '--=c\nContent-Type: text/plain\n\nThis is an abuse report for a message from 192.0.2.7.\n',
      `--=c\nContent-Type: message/feedback-report\n\n${fields}\n`,
      `--=c\nContent-Type: message/rfc822\n\n${returned}\n`,
      '--=c--\n',
    ].join('\n'),
  );
}
