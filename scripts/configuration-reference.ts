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
