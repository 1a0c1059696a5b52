import { KNOWN_FIELDS, UNSUBSCRIBE_URL } from '../../core/messages/field-values.ts';
import { nearest } from '../../nearest.ts';

/** What other tools and other languages call the fields of a lead. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'lead.first_name':
    'fname first givenname forename vorname nombre prenom nome primeironome nickname firstnames insertfirstname',
  'lead.last_name': 'lname last surname familyname nachname apellido apellidos sobrenome cognome secondname',
  'lead.name':
    'names fullname nombrecompleto customername clientname contactname leadname recipientname yourname username ' +
    'displayname customer client subscriber recipient contact lead insertname salutation greeting anrede',
  'lead.email': 'mail emailaddress correo courriel emailid',
  'lead.phone': 'phonenumber mobile mobilenumber cell tel telephone telefono telefon celular whatsapp sms',
  'lead.company':
    'companyname organization organisation business businessname firma empresa entreprise societe azienda account',
  'lead.position': 'title jobtitle role cargo',
  'lead.notes': 'note comment comments',
  'site.name': 'sitename site brand sender sendername fromname storename shopname shop company_name',
};

const BY_NAME = new Map(
  Object.entries(OTHER_NAMES).flatMap(([field, names]) =>
    names.split(' ').map((name) => [name, field] as const),
  ),
);

/**
 * The field that was most likely meant: by a known name, a key that leads have, or the spelling.
 * @param keys of metadata, as far as they are known
 */
export function suggestField(name: string, keys: readonly string[]): string | null {
  const last = name.split(/[.:]/u).at(-1)!;
  const plain = plainName(last);
  if (/^(?:unsub|optout|desinscri|abmelde)/u.test(plain)) return UNSUBSCRIBE_URL;
  const exact = KNOWN_FIELDS.find((field) => plainName(field.split('.')[1]!) === plain);
  if (exact !== undefined && !/^site/iu.test(last)) return exact === 'site.name' ? 'lead.name' : exact;
  const key = keys.find((one) => plainName(one) === plain || plainName(one.split('.').at(-1)!) === plain);
  if (key !== undefined) return `lead.metadata.${key}`;
  const known = BY_NAME.get(plain);
  if (known !== undefined) return known;
  const own = KNOWN_FIELDS.filter((field) => field.startsWith('lead.')).map((field) => field.slice(5));
  const near = nearest(last, [...own, ...keys]);
  if (near === null) return null;
  return own.includes(near) ? `lead.${near}` : `lead.metadata.${near}`;
}

function plainName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}
