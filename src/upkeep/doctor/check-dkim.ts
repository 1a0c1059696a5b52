import { dkimRecord } from '../../providers/email/dkim/dkim-record.ts';
import { type DkimConfig, type DkimKey, readDkimKeys } from '../../providers/email/dkim/dkim-settings.ts';
import { bad, type Check, good, warning } from './check.ts';
import { type Names, tagsOf } from './domain/names.ts';

const NAME = 'dkim';
/** Shorter keys are taken by many, and some large receivers mark what they sign. */
const RSA_BITS_WANTED = 2_048;

/**
 * Whether receivers can check what is signed here: the record of each key is there, and is that of this key.
 * @throws TidingsError `configuration` for keys that stop the start too
 */
export async function checkDkim(
  dkim: DkimConfig | null,
  fromDomain: string,
  names: Pick<Names, 'texts'>,
): Promise<Check[]> {
  if (dkim === null) {
    const detail =
      'messages leave unsigned from here: good where the relay signs with your domain, else see tidings dkim create';
    return [{ name: NAME, ok: null, detail }];
  }
  return Promise.all(readDkimKeys(dkim, fromDomain).map((key) => checkKey(key, names)));
}

async function checkKey(key: DkimKey, names: Pick<Names, 'texts'>): Promise<Check> {
  const wanted = dkimRecord(key);
  const add = `Add a TXT record at ${wanted.name}: ${wanted.value}`;
  const texts = await names.texts(wanted.name);
  if (texts === null)
    return { name: NAME, ok: null, detail: `the name servers did not tell of ${wanted.name}` };
  const records = texts.map(tagsOf).filter((tags) => tags.has('p'));
  if (records.length === 0)
    return bad(NAME, `there is no record at ${wanted.name}: no receiver can check a signature`, add);
  if (records.length > 1)
    return bad(
      NAME,
      `there are ${records.length} records at ${wanted.name}: receivers take none`,
      `Leave one. ${add}`,
    );
  const [record] = records;
  const published = record!.get('p')!.replace(/\s/g, '');
  if (published === '') return bad(NAME, `the key at ${wanted.name} was taken back (an empty p=)`, add);
  if (published !== tagsOf(wanted.value).get('p'))
    return bad(NAME, `the record at ${wanted.name} is that of another key: every signature is broken`, add);
  if (record!.get('t')?.split(':').includes('y'))
    return warning(
      NAME,
      `the record at ${wanted.name} says that it is only a test (t=y): some receivers take no notice of it`,
      'Take t=y out of the record.',
    );
  const bits = key.key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < RSA_BITS_WANTED)
    return warning(
      NAME,
      `the key at ${wanted.name} has ${bits} bits, where ${RSA_BITS_WANTED} are wanted`,
      'Make another one with tidings dkim create and another --selector.',
    );
  return good(NAME, `the record at ${wanted.name} is there, and is that of the key that signs`);
}

/** Whether readers can leave: what Gmail, Yahoo and Outlook ask of whoever sends to many. */
export function checkWayOut(publicUrl: string | null, postalAddress: string | null): Check {
  const name = 'unsubscribe';
  if (publicUrl === null)
    return warning(
      name,
      'emails have no link to unsubscribe: bulk mail like that is refused or taken for spam',
      'Set PUBLIC_URL to the https address by which others reach this server.',
    );
  if (!publicUrl.startsWith('https:'))
    return warning(
      name,
      'PUBLIC_URL is not https: emails have a link, and mail programs show no button to unsubscribe',
      'Put a proxy with a certificate before this server, and write PUBLIC_URL with https.',
    );
  if (postalAddress === null)
    return warning(
      name,
      `readers leave at ${publicUrl}; the footer does not say where the sender is, which many countries ask for`,
      'Set POSTAL_ADDRESS.',
    );
  return good(name, `readers leave at ${publicUrl}, by one click`);
}
