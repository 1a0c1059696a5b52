import { createHmac } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { quiet } from '../../../../test/support/core.ts';
import { openSession } from './connect.ts';
import { SmtpPool } from './pool.ts';
import type { Parcel } from './session.ts';
import { parseSmtpUrl } from './settings.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type Script = (line: string, session: number, socket: Socket) => string | undefined;

/**
 * A server that says just what a test tells it to: the script's word for each line, or what a good server says.
 * `said` holds each session's lines, a body as one.
 */
async function scripted(script: Script, offers = ['PIPELINING'], greeting = '220 hello\r\n') {
  const said: string[][] = [];
  const server = createServer((socket) => {
    const session = said.push([]) - 1;
    let rest = '';
    let body: string[] | null = null;
    socket.on('error', () => {});
    socket.write(greeting);
    const hear = (line: string) => {
      said[session]!.push(line);
      const answer = script(line, session, socket) ?? usual(line, offers);
      if (answer.startsWith('354')) body = [];
      if (answer !== '') socket.write(answer.replace(/\n/g, '\r\n'));
    };
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (body === null) hear(line);
        else if (line !== '.') body.push(line);
        else {
          const text = body.join('\n');
          body = null;
          hear(`body: ${text}`);
        }
      }
    });
    cleanUps.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => server.close());
  return { said, url: `smtp://127.0.0.1:${(server.address() as { port: number }).port}` };
}

function usual(line: string, offers: string[]): string {
  const verb = line.split(/[ :]/)[0]!;
  if (verb === 'EHLO') return ['250-me', ...offers.map((offer) => `250-${offer}`), '250 HELP\n'].join('\n');
  if (verb === 'DATA') return '354 go on\n';
  return verb === 'QUIT' ? '221 bye\n' : '250 2.0.0 ok\n';
}

function pool(url: string, size = 1, silenceMs = 1_000, query = '', lines: string[] = []) {
  const timeouts = { connectMs: 1_000, greetingMs: 300, silenceMs, idleMs: 5_000 };
  const log = { ...quiet, warn: (_: object, line: string) => void lines.push(line) };
  const made = new SmtpPool({ relay: parseSmtpUrl(`${url}?${query}`), timeouts }, size, log);
  cleanUps.push(() => made.close());
  return made;
}

const parcel = (name: string, more: Partial<Parcel> = {}): Parcel => ({
  from: 'me@x.com',
  to: `${name}@x.com`,
  render: () => `Subject: ${name}\r\n\r\nHi\r\n`,
  needsSmtpUtf8: false,
  mayLeave: () => true,
  ...more,
});

const bodies = (said: string[][]) => said.flat().filter((line) => line.startsWith('body: '));

describe('an SMTP session', () => {
  test.each([
    ['', /Subject: a[\s\S]*\r\n\.\r\n$/],
    ['pipelining=deep', /Subject: a[\s\S]*\r\n\.\r\nMAIL FROM:<me@x.com>\r\nRCPT TO:<b@x.com>\r\nDATA\r\n$/],
  ])(
    'sends nothing behind a final dot before its reply, unless it was asked to (%j)',
    async (query, expected) => {
      const writes: string[] = [];
      const { url, said } = await scripted((_, __, socket) => {
        if (socket.listenerCount('data') < 2) socket.on('data', (chunk) => writes.push(chunk.toString()));
        return undefined;
      });
      const sender = pool(url, 1, 1_000, query);
      const sent = await Promise.all(['a', 'b', 'c'].map((name) => sender.send(parcel(name))));
      expect(sent).toEqual([null, null, null]);
      expect(writes.find((write) => write.includes('Subject: a'))).toMatch(expected);
      expect(writes).toContain('MAIL FROM:<me@x.com>\r\nRCPT TO:<a@x.com>\r\nDATA\r\n');
      expect(said[0]!.filter((line) => line === 'DATA').length).toBe(3);
    },
  );

  test('waits for the answer to RSET before the next message', async () => {
    const { url, said } = await scripted((line, _, socket) => {
      if (line.startsWith('RCPT TO:<no@')) return '550 5.1.1 User unknown\n';
      if (line === 'DATA' && said[0]!.at(-2)!.includes('<no@')) return '503 5.5.1 no recipients\n';
      if (line !== 'RSET') return undefined;
      setTimeout(() => {
        expect(said[0]!.at(-1)).toBe('RSET');
        socket.write('250 reset\r\n');
      }, 50);
      return '';
    });
    const sender = pool(url);
    const sent = await Promise.all(['no', 'yes'].map((name) => sender.send(parcel(name))));
    expect(sent).toMatchObject([{ type: 'permanent' }, null]);
    expect(said.length).toBe(1);
  });

  test.each([
    ['MAIL', '452 4.5.3 too many messages on this connection'],
    ['MAIL', '421 too many messages in this connection'],
    ['MAIL', '421 4.7.0 Error: too many messages per session'],
    ['RCPT', '452 4.5.3 Error: too many recipients'],
    ['DATA', '451 too many messages in this session'],
    ['body:', '452 4.3.2 too many messages on this connection'],
  ])(
    'that has carried enough by the word to %s (%s) is replaced at once, and the next ones part before',
    async (verb, reply) => {
      const bodiesOf = (session: number) => said[session]!.filter((line) => line.startsWith('body: ')).length;
      const { url, said } = await scripted((line, session) =>
        line.startsWith(verb) && bodiesOf(session) >= (verb === 'body:' ? 3 : 2) ? `${reply}\n` : undefined,
      );
      const sender = pool(url);
      const names = Array.from({ length: 9 }, (_, at) => `l${at}`);
      const sent = await Promise.all(names.map((name) => sender.send(parcel(name))));
      expect(sent).toEqual(names.map(() => null));
      // One too many in the first session only.
      const begun = said.map((lines) => lines.filter((line) => line.startsWith('MAIL')).length);
      expect(begun).toEqual([3, 2, 2, 2, 1]);
    },
  );

  test('that hears at its first message that there were too many says so', async () => {
    const { url, said } = await scripted((line) =>
      line.startsWith('MAIL') ? '452 4.5.3 too many messages\n' : undefined,
    );
    expect(await pool(url).send(parcel('a'))).toMatchObject({ scope: 'sender', code: 'smtp_452_4.5.3' });
    expect(said.length).toBe(1);
  });

  test.each(['503 5.5.1 Bad sequence of commands', '554 5.5.0 Error: improper command pipelining'])(
    'whose server loses step over a group (%s) gives each command alone from then on, and says it once',
    async (reply) => {
      let written = 0;
      const { url, said } = await scripted((line, _, socket) => {
        if (line.startsWith('EHLO'))
          socket.on('data', (chunk) => (written = String(chunk).split('\r\n').length - 1));
        return line.startsWith('RCPT') && written > 1 ? `${reply}\n` : undefined;
      });
      const lines: string[] = [];
      const sender = pool(url, 2, 1_000, '', lines);
      const sent = await Promise.all(['a', 'b', 'c', 'd'].map((name) => sender.send(parcel(name))));
      expect(sent).toEqual([null, null, null, null]);
      expect(bodies(said).length).toBe(4);
      expect(lines).toEqual([expect.stringContaining('refuses it')]);
    },
  );

  test('asks one thing at a time when PIPELINING is not offered', async () => {
    let waiting = 0;
    let most = 0;
    const { url, said } = await scripted((line, _, socket) => {
      if (line.startsWith('EHLO')) return undefined;
      most = Math.max(most, ++waiting);
      setTimeout(() => {
        waiting -= 1;
        socket.write(usual(line, []).replace('\n', '\r\n'));
      }, 5);
      return line === 'DATA' ? '354' : '';
    }, []);
    // The 354 of this script comes late, behind its first three digits: it must be read as one reply.
    void said;
    await Promise.race([pool(url).send(parcel('a')), sleep(200)]);
    expect(most).toBe(1);
  });

  test('whose server answers 354 to a refused recipient sends nobody an empty message, and goes on', async () => {
    const { url, said } = await scripted((line) =>
      line.startsWith('RCPT TO:<no@')
        ? '550 5.1.1 User unknown\n'
        : line === 'body: '
          ? '554 no recipients\n'
          : undefined,
    );
    const sender = pool(url);
    const sent = await Promise.all(['no', 'yes'].map((name) => sender.send(parcel(name))));
    expect(sent).toMatchObject([{ type: 'permanent', code: 'smtp_550_5.1.1' }, null]);
    expect(bodies(said)).toEqual(['body: ', 'body: Subject: yes\n\nHi']);
  });

  test.each(['', 'pipelining=deep'])(
    'that is lost leaves the message in doubt whose body had left, and the one behind it goes by another session (%j)',
    async (query) => {
      const { url, said } = await scripted((line, session, socket) => {
        if (line.startsWith('body: Subject: b')) setTimeout(() => socket.destroy(), 50);
        // The envelope of the next one comes into nothing.
        return session === 0 && said[0]!.some((heard) => heard.startsWith('body: Subject: b'))
          ? ''
          : undefined;
      });
      const sender = pool(url, 1, 1_000, query);
      const sent = await Promise.all(['a', 'b', 'c'].map((name) => sender.send(parcel(name))));
      expect(sent).toMatchObject([null, { type: 'uncertain' }, null]);
      expect(said.length).toBe(2);
      expect(bodies(said).filter((line) => line.includes('Subject: c')).length).toBe(1);
    },
  );

  test('holds back a body that must not leave any more when 354 comes', async () => {
    let mayLeave = true;
    const { url, said } = await scripted((line) => {
      if (line.startsWith('RCPT TO:<a@')) mayLeave = false;
      return undefined;
    });
    const held = await pool(url).send(parcel('a', { mayLeave: () => mayLeave }));
    expect(held).toMatchObject({ type: 'transient', scope: 'sender', code: 'process_stalled' });
    expect(bodies(said)).toEqual([]);
  });

  test('reads replies of many lines that come byte by byte', async () => {
    const { url } = await scripted((line, _, socket) => {
      if (!line.startsWith('MAIL')) return undefined;
      const bytes = [...'250-first\r\n250-2.1.0 second\r\n250 third\r\n'];
      for (const byte of bytes) socket.write(byte);
      return '';
    });
    expect(await pool(url).send(parcel('a'))).toBe(null);
  });

  test('ends when the server says what is no reply, or speaks unasked, and nothing is lost by it', async () => {
    const { url, said } = await scripted((line, session, socket) => {
      if (session === 0 && line.startsWith('body: ')) {
        setTimeout(() => socket.write('421 4.4.2 idle for too long\r\n'), 30);
      }
      return undefined;
    });
    const sender = pool(url);
    expect(await sender.send(parcel('a'))).toBe(null);
    await sleep(100);
    expect(await sender.send(parcel('b'))).toBe(null);
    expect(said.length).toBe(2);
  });

  test('gives the server as long after a rest, and for the first message, as for any other', async () => {
    const { url, said } = await scripted((line, _, socket) => {
      if (!line.startsWith('MAIL')) return undefined;
      // Longer than the watch takes to look, and well within what a reply may take.
      setTimeout(() => socket.write('250 2.1.0 ok\r\n'), 250);
      return '';
    });
    const sender = pool(url, 1, 400, 'pipelining=off');
    expect(await sender.send(parcel('a'))).toBe(null);
    await sleep(700);
    expect(await sender.send(parcel('b'))).toBe(null);
    expect(said.length).toBe(1);
  });

  test.each(['354 what?', '250 ok\r\n354 and more'])(
    'trusts nothing that is out of step: %j',
    async (answer) => {
      const { url } = await scripted((line, session) =>
        session === 0 && line.startsWith('body: ') ? `${answer}\n` : undefined,
      );
      const sender = pool(url);
      const [a, b] = await Promise.all([sender.send(parcel('a')), sender.send(parcel('b'))]);
      expect(a === null || a.type === 'uncertain').toBe(true);
      expect(b === null || b.type === 'transient').toBe(true);
    },
  );

  test('says SIZE where the server offers it, and sends nothing that is larger', async () => {
    const { url, said } = await scripted(() => undefined, ['PIPELINING', 'SIZE 100']);
    const sender = pool(url);
    expect(await sender.send(parcel('a'))).toBe(null);
    expect(said[0]).toContain('MAIL FROM:<me@x.com> SIZE=18');
    const large = await sender.send(
      parcel('b', { render: () => `Subject: b\r\n\r\n${'x'.repeat(200)}\r\n` }),
    );
    expect(large).toMatchObject({ type: 'stop_send', code: 'message_too_large' });
    expect(await sender.send(parcel('c'))).toBe(null);
  });
});

describe('opening a session', () => {
  const open = (url: string, greetingMs = 300) =>
    openSession({
      relay: parseSmtpUrl(url),
      timeouts: { connectMs: 1_000, greetingMs, silenceMs: 500, idleMs: 500 },
    });

  test('from a server that answers twice where it was asked once fails, and nobody waits for what never comes', async () => {
    const { url } = await scripted((line) =>
      line.startsWith('EHLO') ? '250 ok\n250 ok\n250 ok\n' : undefined,
    );
    expect(await open(url)).toMatchObject({ type: 'closed', outcome: { code: 'EPROTOCOL' } });
    expect(await pool(url).send(parcel('a'))).toMatchObject({ type: 'transient', scope: 'sender' });
  });

  test('falls back to HELO', async () => {
    const { url, said } = await scripted((line) => (line.startsWith('EHLO') ? '502 what?\n' : undefined));
    const opened = await open(url);
    expect(opened).toMatchObject({ type: 'open', extensions: { pipelining: false, largest: Infinity } });
    expect(said[0]!.map((line) => line.slice(0, 4))).toEqual(['EHLO', 'HELO']);
  });

  test('gives up on a greeting that comes one byte at a time', async () => {
    const { url } = await scripted(() => undefined, [], '');
    const opened = await open(url);
    expect(opened).toMatchObject({ type: 'closed', outcome: { type: 'transient', code: 'ETIMEDOUT' } });
  });

  test('takes nothing that came in clear behind the answer to STARTTLS', async () => {
    const { url } = await scripted(
      (line) => (line === 'STARTTLS' ? '220 go\n250 injected\n' : undefined),
      ['STARTTLS'],
    );
    expect(await open(url)).toMatchObject({ type: 'closed', outcome: { code: 'EPROTOCOL' } });
  });

  test.each([
    ['PLAIN', ['AUTH PLAIN AGFubgBzM2NyZXQ=']],
    ['LOGIN', ['AUTH LOGIN', 'YW5u', 'czNjcmV0']],
    [
      'CRAM-MD5',
      [
        'AUTH CRAM-MD5',
        Buffer.from(`ann ${createHmac('md5', 's3cret').update('<1@me>').digest('hex')}`).toString('base64'),
      ],
    ],
  ])('logs in by %s', async (mechanism, lines) => {
    const { url, said } = await scripted(
      (line) => {
        const at = lines.indexOf(line);
        if (at < 0) return undefined;
        if (at === lines.length - 1) return '235 welcome\n';
        return mechanism === 'CRAM-MD5'
          ? `334 ${Buffer.from('<1@me>').toString('base64')}\n`
          : '334 VXNlcg==\n';
      },
      ['XOTHER', `AUTH ${mechanism} OTHER`],
    );
    expect((await open(url.replace('//', '//ann:s3cret@'))).type).toBe('open');
    expect(said[0]!.slice(1)).toEqual(lines);
  });

  test('without a login that fits stops the account', async () => {
    const { url } = await scripted(() => undefined, ['AUTH NTLM']);
    const opened = await open(url.replace('//', '//ann:s3cret@'));
    expect(opened).toMatchObject({ type: 'closed', outcome: { type: 'account', code: 'EAUTH' } });
  });
});
