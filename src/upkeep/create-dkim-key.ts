import { generateKeyPairSync } from 'node:crypto';
import { closeSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { TidingsError } from '../errors.ts';
import { createPrivateFile } from '../private-files.ts';
import { type DkimRecord, dkimRecord } from '../providers/email/dkim/dkim-record.ts';
import { readDkimKeys } from '../providers/email/dkim/dkim-settings.ts';
import { parseEmailFrom } from '../providers/email/smtp/settings.ts';

/** Long enough for years, and its record still fits into one answer of a name server. */
const RSA_BITS = 2048;

export interface KeyWanted {
  /** `--domain`, else `DKIM_DOMAIN`, else that of `EMAIL_FROM`. */
  readonly domain: string | undefined;
  readonly from: string | undefined;
  readonly selector: string | undefined;
  readonly file: string | undefined;
  readonly isEd25519: boolean;
}

export interface CreatedKey extends DkimRecord {
  readonly file: string;
  readonly algorithm: string;
  /** The record as a zone file has it. */
  readonly record: string;
  /** What to set, by variable. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Makes a key for DKIM in a file for this user alone.
 * @throws TidingsError `invalid_argument`, `configuration` for a name that is none, `conflict` when the file is there
 */
export function createDkimKey({ domain, from, selector, file, isEd25519 }: KeyWanted): CreatedKey {
  const of = domain ?? (from ? parseEmailFrom(from).domain : undefined);
  if (!of) {
    throw new TidingsError('invalid_argument', 'It is not known which domain signs.', {
      fix: 'Give --domain, such as example.com, or set EMAIL_FROM.',
    });
  }
  const name = selector ?? (isEd25519 ? 'tidings-ed25519' : 'tidings');
  const { privateKey } = isEd25519
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const config = { domain: of, selector: name, privateKey: pem, privateKeyFile: null };
  // Read as the server will read it.
  const [key] = readDkimKeys(config, null);
  const record = dkimRecord(key!);
  const path = resolve(file ?? `dkim-${name}.pem`);
  writeKey(path, pem);
  return {
    file: path,
    algorithm: key!.algorithm,
    ...record,
    record: zoneLine(record),
    settings: { DKIM_DOMAIN: key!.domain, DKIM_SELECTOR: name, DKIM_PRIVATE_KEY_FILE: path },
  };
}

function zoneLine({ name, strings }: DkimRecord): string {
  const quoted = strings.map((one) => `"${one}"`).join(' ');
  return `${name}. IN TXT ${strings.length > 1 ? `( ${quoted} )` : quoted}`;
}

/** A key that is in use must not be lost to a second call. */
function writeKey(file: string, pem: string): void {
  let descriptor: number;
  try {
    descriptor = createPrivateFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST'
      ? new TidingsError('conflict', `There is a file ${file} already; it was left as it is.`, {
          fix: 'Give another --out, or take that key: with a new one its DNS record would have to change.',
        })
      : new TidingsError('invalid_argument', `${file} cannot be written: ${code}.`, {
          fix: 'Give another --out.',
        });
  }
  try {
    writeFileSync(descriptor, pem);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
