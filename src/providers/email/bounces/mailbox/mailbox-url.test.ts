import { describe, expect, it } from 'vitest';
import { parseMailboxUrl } from './mailbox-url.ts';

describe('BOUNCE_MAILBOX_URL', () => {
  it('names protocol, host, login and folder', () => {
    expect(
      parseMailboxUrl('imaps://b%40shop.example:p%2Fw@mail.shop.example/Mail/Bounces?move=Done'),
    ).toMatchObject({
      ...{ protocol: 'imap', host: 'mail.shop.example', port: 993, isSecure: true },
      ...{ user: 'b@shop.example', password: 'p/w', folder: 'Mail/Bounces', doneFolder: 'Done' },
    });
    expect(parseMailboxUrl('pop3s://u:p@[2001:db8::1]')).toMatchObject({
      ...{ protocol: 'pop3', host: '2001:db8::1', port: 995, folder: 'INBOX', doneFolder: null },
    });
    expect(parseMailboxUrl('imap://u:p@127.0.0.1')).toMatchObject({ port: 143, isSecure: false });
    expect(parseMailboxUrl('pop3://u:p@localhost:1100/')).toMatchObject({ port: 1100, isSecure: false });
  });

  it.each([
    ['mailbox', 'is not a URL'],
    ['https://u:Pa55word@h', 'begins with "https://"'],
    ['imap://u:Pa55word@mail.example.com', 'to mail.example.com'],
    ['pop3://u:Pa55word@10.0.0.1', 'to 10.0.0.1'],
    ['imap://u:Pa55word@localhost.example.com', 'would show the password'],
    ['imaps://u@h', 'has no password'],
    ['imaps://:Pa55word@h', 'has no user'],
    ['imaps://u:Pa55word%@h', 'not percent-encoding'],
    ['pop3s://u:Pa55word%0d%0aQUIT@h', 'has a control character'],
    ['pop3s://u:Pa55word@h/Bounces', 'POP3 has none'],
    ['imaps://u:Pa55word@h?delete=no', '"delete"'],
    ['imaps://u:Pa55word@h?move=INBOX', 'from INBOX to INBOX'],
  ])('%s is refused, and its password shown to nobody', (url, words) => {
    expect(() => parseMailboxUrl(url)).toThrow(words);
    expect(() => parseMailboxUrl(url)).toThrow(/^(?!.*Pa55word)/);
  });
});
