import { createServer, type Socket } from 'node:net';

/** What a client has just done, for which a reply is due. */
export const RELAY_STEPS = [
  'greeting',
  'EHLO',
  'STARTTLS',
  'AUTH',
  'MAIL',
  'RCPT',
  'DATA',
  'dot',
  'RSET',
  'QUIT',
] as const;
export type RelayStep = (typeof RELAY_STEPS)[number];

export interface Asked {
  readonly step: RelayStep;
  /** The line that was said; empty for the greeting and the final dot. */
  readonly line: string;
  /** How often this step was met before, in all sessions. */
  readonly before: number;
}

export interface HostileRelayOptions {
  /**
   * The bytes that are said, line ends and all; `'hang up'` ends the session, `'silence'` says nothing; undefined: what a
   * good server says.
   */
  readonly says: (asked: Asked) => string | Buffer | undefined;
  /** Behind EHLO. Default: PIPELINING. */
  readonly offers?: readonly string[];
}

export interface HostileRelay {
  readonly port: number;
  /** For `SMTP_URL`, without user and password. */
  readonly url: string;
  /** Whether any byte of a message with this text in its first line came, whatever the relay had said before. */
  hasBegun(mark: string): boolean;
  stop(): Promise<void>;
}

/**
 * A mail server that says what a test tells it to, at any step, and reads on to the end whatever it said: so it knows
 * of which messages anything came. Not a good server otherwise: it checks nothing.
 */
export async function startHostileRelay(options: HostileRelayOptions): Promise<HostileRelay> {
  const offers = options.offers ?? ['PIPELINING'];
  const met = new Map<RelayStep, number>();
  const sockets = new Set<Socket>();
  let received = '';

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    let rest = '';
    let inBody = false;
    /** Steps of a login that go on for several lines. */
    let inLogin = false;

    const answer = (step: RelayStep, line: string) => {
      const before = met.get(step) ?? 0;
      met.set(step, before + 1);
      const said = options.says({ step, line, before }) ?? usual(step, line, offers);
      if (said === 'silence') return;
      // Half closed: what still comes is read.
      if (said === 'hang up') return void socket.end();
      const text = said.toString('latin1');
      if (step === 'DATA' && text.startsWith('354')) inBody = true;
      inLogin = step === 'AUTH' && text.startsWith('334');
      if (socket.writable) socket.write(said);
      if (step === 'QUIT') socket.end();
    };
    const hear = (line: string) => {
      if (inBody) {
        if (line !== '.') return;
        inBody = false;
        return answer('dot', '');
      }
      const verb = line.slice(0, 8).split(/[ :]/)[0]!.toUpperCase();
      const step = verb === 'HELO' ? 'EHLO' : RELAY_STEPS.find((known) => known === verb);
      if (inLogin || step) answer(inLogin ? 'AUTH' : step!, line);
    };

    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      received += text;
      const lines = (rest + text).split('\r\n');
      rest = lines.pop()!;
      for (const line of lines) hear(line);
    });
    answer('greeting', '');
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    hasBegun: (mark) => received.includes(mark),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function usual(step: RelayStep, line: string, offers: readonly string[]): string {
  switch (step) {
    case 'greeting':
      return '220 hello\r\n';
    case 'EHLO':
      return ['250-hello', ...offers.map((offer) => `250-${offer}`), '250 HELP\r\n'].join('\r\n');
    case 'STARTTLS':
      return '220 go on\r\n';
    case 'AUTH':
      if (line === 'AUTH LOGIN') return '334 VXNlcm5hbWU6\r\n';
      if (line === 'AUTH CRAM-MD5') return '334 PDFAbWU+\r\n';
      return '235 welcome\r\n';
    case 'DATA':
      return '354 go on\r\n';
    case 'QUIT':
      return '221 bye\r\n';
    default:
      return '250 2.0.0 ok\r\n';
  }
}
