import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asciiDomain } from '../../../core/leads/contact.ts';
import { TidingsError } from '../../../errors.ts';

/** The `DKIM_` variables as they were given. */
export interface DkimConfig {
  /** null: the domain of `EMAIL_FROM`. */
  readonly domain: string | null;
  /** One for each key, with commas between them. */
  readonly selector: string;
  /** PEM; line breaks may be written as `\n`. A secret. */
  readonly privateKey: string | null;
  readonly privateKeyFile: string | null;
}

/** One key that messages are signed with. */
export interface DkimKey {
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** `d=`: where the record of the key is, and what the address of the sender must be aligned with. */
  readonly domain: string;
  /** `s=`: the record is `SELECTOR._domainkey.DOMAIN`. */
  readonly selector: string;
  readonly key: KeyObject;
}

/** RFC 8301: verifiers take nothing shorter. */
const RSA_BITS_MIN = 1024;
const SELECTOR = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;
const CREATE = '`tidings dkim create` makes a key and prints its DNS record.';

/**
 * The keys that the settings name: one RSA key, and an Ed25519 key where there is a second one.
 * @param fromDomain the domain of `EMAIL_FROM`, in ASCII; null: it is not known yet
 * @throws TidingsError `configuration`, naming the variable and never the key
 */
export function readDkimKeys(config: DkimConfig, fromDomain: string | null): DkimKey[] {
  const domain = config.domain === null ? fromDomain : asciiDomain(config.domain);
  if (domain === null)
    throw wrong(`DKIM_DOMAIN is "${config.domain}", which is no domain.`, 'Write it as example.com.');
  if (fromDomain !== null && !isAligned(domain, fromDomain)) {
    throw wrong(
      `DKIM_DOMAIN is "${domain}", and EMAIL_FROM is of ${fromDomain}: such a signature proves nothing of the sender.`,
      `Leave DKIM_DOMAIN out for ${fromDomain}, or set it to a domain that ${fromDomain} is part of.`,
    );
  }
  const selectors = config.selector.split(',').map((one) => one.trim());
  const bad = selectors.find((one) => !SELECTOR.test(one) || one.length > 63);
  if (bad !== undefined) {
    const fix = 'Letters, digits and hyphens, such as tidings; commas between the selectors of several keys.';
    throw wrong(`DKIM_SELECTOR is "${config.selector}", where "${bad}" is no selector.`, fix);
  }
  const { text, variable } = readText(config);
  const pems = [...text.matchAll(PEM)].map(([pem]) => pem);
  if (pems.length === 0) throw wrong(`${variable} holds no key in PEM form.`, CREATE);
  if (pems.length !== selectors.length) {
    throw wrong(
      `${variable} holds ${pems.length} keys, and DKIM_SELECTOR names ${selectors.length}.`,
      'Name one selector for each key, in their order, with commas between them.',
    );
  }
  const keys = pems.map((pem, at): DkimKey => {
    const key = readKey(pem, variable);
    return { algorithm: algorithmOf(key, variable), domain, selector: selectors[at]!, key };
  });
  if (new Set(keys.map(({ algorithm }) => algorithm)).size !== keys.length)
    throw wrong(`${variable} holds two keys of the same kind.`, 'One RSA key and one Ed25519 key at most.');
  return keys;
}

/** By DMARC's relaxed alignment, as far as names alone tell: the same, or one within the other. */
function isAligned(domain: string, from: string): boolean {
  return domain === from || from.endsWith(`.${domain}`) || domain.endsWith(`.${from}`);
}

function readText({ privateKey, privateKeyFile }: DkimConfig): { text: string; variable: string } {
  if (privateKeyFile === null)
    return { text: (privateKey ?? '').replaceAll('\\n', '\n'), variable: 'DKIM_PRIVATE_KEY' };
  try {
    return { text: readFileSync(privateKeyFile, 'utf8'), variable: 'DKIM_PRIVATE_KEY_FILE' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrong(
      `DKIM_PRIVATE_KEY_FILE is "${privateKeyFile}", which cannot be read: ${code}.`,
      'Name a file that this user can read.',
    );
  }
}

function readKey(pem: string, variable: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const kind = /BEGIN ([A-Z0-9 ]+)-/.exec(pem)![1]!;
    const what = kind.includes('PUBLIC')
      ? 'a public key, which signs nothing'
      : kind.includes('ENCRYPTED') || pem.includes('ENCRYPTED')
        ? 'a key behind a password, which nobody could type in here'
        : 'no private key that can be read';
    throw wrong(`${variable} holds ${what}.`, CREATE);
  }
}

function algorithmOf(key: KeyObject, variable: string): DkimKey['algorithm'] {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519-sha256';
  if (key.asymmetricKeyType !== 'rsa')
    throw wrong(
      `${variable} holds a key of the kind ${key.asymmetricKeyType}, which DKIM does not know.`,
      CREATE,
    );
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= RSA_BITS_MIN) return 'rsa-sha256';
  throw wrong(
    `${variable} holds an RSA key of ${bits} bits, which receivers do not take: ${RSA_BITS_MIN} are the least, 2048 are usual.`,
    CREATE,
  );
}

function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('configuration', message, { fix });
}
