import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { TidingsError } from '../../errors.ts';

/** The id of a send without dashes, a dot, a position in base 36; as in a Message-ID, or an attempt id. */
const DELIVERY = /(?<![0-9a-z])([0-9a-f]{32})\.([0-9a-z]{1,9})(?![0-9a-z])/g;

/**
 * Every delivery that a text names, whatever kind of log it is: a mail server's, webhooks of WhatsApp, our own at
 * `LOG_LEVEL=debug`. Read line by line.
 * @returns positions by the id of their send
 */
export async function readReached(file: string): Promise<Map<string, Set<number>>> {
  const found = new Map<string, Set<number>>();
  try {
    for await (const line of createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      for (const [, send, position] of line.matchAll(DELIVERY)) {
        const id = send!.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
        const positions = found.get(id) ?? new Set();
        found.set(id, positions.add(Number.parseInt(position!, 36)));
      }
    }
  } catch (error) {
    throw new TidingsError(
      'invalid_file',
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`,
      {
        fix: 'Name a log that this user may read.',
        cause: error,
      },
    );
  }
  return found;
}
