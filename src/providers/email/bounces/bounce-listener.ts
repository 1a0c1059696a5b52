import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { TidingsError } from '../../../errors.ts';
import type { Log } from '../../../log/log.ts';
import type { DeliveryToken } from '../delivery-token.ts';
import { type BounceAddresses, findBounceToken } from './bounce-address.ts';

export interface BounceListenerOptions {
  /** `BOUNCE_LISTEN`; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly addresses: BounceAddresses;
  readonly log: Log;
  /** Resolves when what the mail asks for is written down: only then the server that brought it hears 250. */
  readonly take: (token: DeliveryToken, raw: Uint8Array) => Promise<void>;
}

export interface BounceListener {
  readonly port: number;
  close(): Promise<void>;
}

const MOST_CLIENTS = 50;
const MOST_RECIPIENTS = 10;
/** What is taken from the wire of one mail, and what of it is kept: the rest is what we wrote ourselves. */
const MOST_BYTES = 25_000_000;
const MOST_KEPT = 1_000_000;
const SILENCE_MS = 60_000;
/** A session that was not over by then brings nothing. */
const SESSION_MS = 600_000;

/**
 * Takes mail in that comes back to our own bounce addresses, and nothing else: an address without our proof is refused at
 * RCPT, so that nobody relays through it and nobody makes bounces for other people's messages. It answers no mail.
 * @throws TidingsError `configuration` when it cannot listen there
 */
export async function listenForBounces(options: BounceListenerOptions): Promise<BounceListener> {
  const { host, port, addresses, log, take } = options;
  const began = new Map<string, number>();
  const server = new SMTPServer({
    name: addresses.domain,
    banner: 'bounces only',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    maxClients: MOST_CLIENTS,
    size: MOST_BYTES,
    socketTimeout: SILENCE_MS,
    closeTimeout: 2_000,
    onConnect(session, callback) {
      began.set(session.id, performance.now());
      callback();
    },
    onClose: (session) => void began.delete(session.id),
    onRcptTo({ address }, session, callback) {
      if (session.envelope.rcptTo.length >= MOST_RECIPIENTS)
        return callback(refusal(452, 'Too many recipients'));
      return callback(ours(addresses, address) ? null : refusal(550, '5.1.1 No such bounce address'));
    },
    onData(stream, session, callback) {
      const kept: Buffer[] = [];
      let length = 0;
      stream.on('data', (chunk: Buffer) => {
        if (length < MOST_KEPT) kept.push(chunk);
        length += chunk.length;
      });
      stream.on('end', () => {
        if (stream.sizeExceeded) return callback(refusal(552, '5.3.4 Too large'));
        const raw = Buffer.concat(kept);
        const tokens = session.envelope.rcptTo.flatMap(({ address }) => ours(addresses, address) ?? []);
        const taken = Promise.all(tokens.map((token) => take(token, raw)));
        return void taken.then(
          () => callback(null, 'Taken'),
          (error: unknown) => {
            log.error(
              { err: error },
              'a mail that came back could not be taken in; it will be brought again',
            );
            callback(refusal(451, '4.3.0 Not now'));
          },
        );
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, host, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    throw new TidingsError(
      'configuration',
      `BOUNCE_LISTEN is "${host}:${port}", where nothing can listen: ${error.code}.`,
      {
        fix: 'Name an address of this machine and a port that is free. Below 1024 it takes a right of its own.',
      },
    );
  });
  server.removeAllListeners('error');
  // What a client does to its connection is no fault of ours, and ends nothing but itself.
  server.on('error', (error) => log.debug({ err: error }, 'a connection of the bounce listener failed'));
  const sweep = setInterval(() => {
    for (const connection of server.connections) {
      if (performance.now() - (began.get(connection.id) ?? 0) > SESSION_MS) connection.close();
    }
  }, SILENCE_MS).unref();
  return {
    port: (server.server.address() as AddressInfo).port,
    close() {
      clearInterval(sweep);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function ours(addresses: BounceAddresses, address: string): DeliveryToken | null {
  if (address.slice(address.lastIndexOf('@') + 1).toLowerCase() !== addresses.domain) return null;
  const token = findBounceToken(address);
  return token !== null && addresses.proves(token) ? token : null;
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
