import { nearest } from '../nearest.ts';
import { SECRETS, SETTINGS } from '../settings.ts';
import type { Environment } from './load-environment.ts';

export interface UnknownName {
  readonly name: string;
  /** The file it stands in, or the environment. */
  readonly from: string;
  /** What was most likely meant. */
  readonly meant: string | null;
}

const DECLARED = SETTINGS.flatMap(({ settings }) => settings.map(({ name }) => name));
export const KNOWN: ReadonlySet<string> = new Set([
  ...DECLARED,
  ...SECRETS.map((name) => `${name}_FILE`),
  'TIDINGS_ENV_FILE',
]);
/** As other programs call it. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [
    /^(SMTP|MAIL|EMAIL)_?(HOST(NAME)?|SERVER|PORT|USER(NAME)?|LOGIN|PASS(WORD)?|SECURE|TLS|SSL|ENCRYPTION|URI|DSN)$/,
    'SMTP_URL',
  ],
  [
    /^(SMTP|MAIL|EMAIL)_?(FROM|SENDER)(_?(ADDRESS|EMAIL|NAME))?$|^FROM_EMAIL$|^DEFAULT_FROM_EMAIL$/,
    'EMAIL_FROM',
  ],
  [/^(TIDINGS_(KEY|TOKEN|SECRET)|API_KEY)$/, 'TIDINGS_API_KEY'],
  [/^(TIDINGS_)?(PUBLIC|BASE|APP|SERVER|EXTERNAL)_?(BASE_)?URL$|^TIDINGS_URL$/, 'PUBLIC_URL'],
  [/^(TIDINGS_|POSTGRES_|PG_?|DB_)(DATABASE_)?(URL|URI|DSN)$|^DATABASE_(URI|DSN)$/, 'DATABASE_URL'],
  [/^(WHATSAPP|WA|META)_?(API_)?(TOKEN|KEY)$/, 'WHATSAPP_ACCESS_TOKEN'],
  [/^(TIDINGS_)?DATA_?(DIR(ECTORY)?|FOLDER|PATH)$|^TIDINGS_(HOME|DIR)$/, 'TIDINGS_DATA_DIR'],
];
/** Names that begin so are ours, or mistaken for ours; what else stands in an environment is nobody's business here. */
const OURS =
  /^(TIDINGS|SMTP|EMAIL|MAIL_|WHATSAPP|TWILIO|DKIM|BOUNCE|RESEND|POSTMARK|SENDGRID|MAILGUN|BREVO|EVENTS_)/i;
const OFTEN = [
  'PUBLICURL',
  'DATABASEURL',
  'SITENAME',
  'LOGLEVEL',
  'DEFAULTCOUNTRY',
  'REPLYTO',
  'POSTALADDRESS',
];

/** Names that look like a setting and are none: in the file of settings all, in the environment those like ours. */
export function unknownNames(env: NodeJS.ProcessEnv, { file, inFile, from }: Environment): UnknownName[] {
  return Object.keys(env)
    .filter((name) => !KNOWN.has(name))
    .map((name) => ({ name, isInFile: from.has(name) || inFile.includes(name), meant: meantBy(name) }))
    .filter(
      ({ name, isInFile, meant }) =>
        isInFile || (OURS.test(name) && meant !== null) || OFTEN.includes(name.replaceAll('_', '')),
    )
    .map(({ name, isInFile, meant }) => ({ name, from: isInFile ? file! : 'environment', meant }));
}

function meantBy(name: string): string | null {
  const upper = name.toUpperCase();
  return ELSEWHERE.find(([pattern]) => pattern.test(upper))?.[1] ?? nearest(name, DECLARED);
}
