import { SETTINGS } from '../src/settings.ts';

const OPEN = '<!-- settings: made by npm run docs -->';
const CLOSE = '<!-- end of settings -->';

/** docs/reference/configuration.md, made from the declarations that the server and the doctor use. */
export function configurationReference(): string {
  const groups = SETTINGS.map(({ title, settings }) => {
    const rows = settings.map(({ name, meaning, default: fallback, isSecret, example }) => {
      const secret = isSecret ? 'yes' : '';
      return `| \`${name}\` | ${meaning} | ${fallback} | ${example ? `\`${example}\`` : ''} | ${secret} |`;
    });
    const head = [
      '| variable | meaning | when not set | for example | secret |',
      '| --- | --- | --- | --- | --- |',
    ];
    return [`## ${title}`, '', ...head, ...rows].join('\n');
  });
  const head = [
    '# Configuration',
    '',
    'Made from `src/settings.ts` by `npm run docs`. Everything is a variable of the environment, read once at the start. A',
    'value that cannot be used stops the start, with its name and the way out; a secret is never shown, logged or answered.',
    '',
    'Variables may stand in a file `.env` in the working folder, or in the one that `TIDINGS_ENV_FILE` names: a line each,',
    '`NAME=value`, and a value with spaces or a `#` in quotes. What the environment has itself wins. `tidings init` asks for the',
    'first ones and writes the file; `tidings config` shows what is set and where that comes from, and tells names that are',
    'none (`SMTPURL`, `SMTP_HOST`) with the one that was meant.',
    '',
    'A secret may stand in a file of its own: `SMTP_URL_FILE=/run/secrets/smtp_url` in place of `SMTP_URL`, and so for every',
    'variable that is marked as a secret below. A path is as seen from the folder in which the program was started.',
    '',
    'Without `TIDINGS_DATA_DIR` data is kept in `data` in a clone. Installed, it is `tidings` in `$XDG_DATA_HOME` or',
    '`~/.local/share`, in `~/Library/Application Support` on macOS, in `%APPDATA%` on Windows; for a service of systemd with',
    '`StateDirectory=tidings` it is `/var/lib/tidings`. Whoever makes a new one says where.',
  ].join('\n');
  return `${[head, ...groups].join('\n\n')}\n`;
}

/** The README with its table of variables filled in. */
export function fillReadme(readme: string): string {
  const rows = SETTINGS.flatMap(({ settings }) => settings).map(
    ({ name, meaning, default: fallback }) => `| \`${name}\` | ${meaning} | ${fallback} |`,
  );
  const table = ['| variable | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
  const [from, to] = [readme.indexOf(OPEN), readme.indexOf(CLOSE)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for the settings: ${OPEN} … ${CLOSE}`);
  return `${readme.slice(0, from + OPEN.length)}\n${table}\n${readme.slice(to)}`;
}
