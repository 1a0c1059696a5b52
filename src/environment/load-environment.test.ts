import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultDataFolder } from './data-folder.ts';
import { callersFolder, loadEnvironment, PACKAGE_FOLDER } from './load-environment.ts';
import { unknownNames } from './unknown-names.ts';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidings-environment-')));
});

afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

function loaded(env: NodeJS.ProcessEnv) {
  const values = { ...env };
  return { values, ...loadEnvironment(values, folder) };
}

describe('a file .env', () => {
  it('is read where it exists, quotes and comments and all, and the environment wins', () => {
    const file = put(
      '.env',
      '\ufeffSITE_NAME=\'A # shop\'\nexport PORT=8080 # the port\nHOST=\nEMAIL_FROM="Shop <a@x.example>"\n',
    );
    const { values, from } = loaded({ PORT: '1', HOST: '' });
    expect(values).toMatchObject({
      SITE_NAME: 'A # shop',
      PORT: '1',
      HOST: '',
      EMAIL_FROM: 'Shop <a@x.example>',
    });
    expect(from.get('SITE_NAME')).toBe(file);
    expect(from.has('PORT')).toBe(false);
  });

  it('may be another, by TIDINGS_ENV_FILE, which must be there', () => {
    put('.env', 'SITE_NAME=no');
    put('shop.env', 'SITE_NAME=yes');
    expect(loaded({ TIDINGS_ENV_FILE: 'shop.env' }).values['SITE_NAME']).toBe('yes');
    const { problem } = loaded({ TIDINGS_ENV_FILE: 'none.env' });
    expect(problem?.message).toBe(`TIDINGS_ENV_FILE: ${join(folder, 'none.env')} is not there.`);
  });

  it('does not have to be there, and a folder of that name is none', () => {
    expect(loaded({})).toMatchObject({ file: null, problem: null });
    mkdirSync(join(folder, '.env'));
    expect(loaded({})).toMatchObject({ file: null, problem: null });
  });

  it('that names a setting and gives it no value is refused by the line, which may hold a secret; what is not ours is let be', () => {
    const lost = (line: string) => {
      const file = put(
        '.env',
        `# PORT: 1\nSITE_NAME="A\nSMTP_URL: shop"\nsource other.sh\nmake test\n${line}\n`,
      );
      const { problem, values } = loaded({});
      // What it does give is shown all the same.
      expect(values['SITE_NAME']).toBe('A\nSMTP_URL: shop');
      return problem?.message.replace(file, 'FILE');
    };
    expect(lost('SMTP_URL: smtp://ana:secret@mail.example')).toBe('Line 6 of FILE gives SMTP_URL no value.');
    expect(lost('  export EMAIL_FROM Shop')).toBe('Line 6 of FILE gives EMAIL_FROM no value.');
    expect(lost('PORT')).toBe('Line 6 of FILE gives PORT no value.');
    expect(lost('SMTP_URL_FILE: /run/secrets/smtp')).toBe('Line 6 of FILE gives SMTP_URL_FILE no value.');
    expect(lost('PORT =')).toBeUndefined();
    expect(lost('PORT=1\nexport PORT SITE_NAME')).toBeUndefined();
  });

  it.skipIf(process.getuid?.() === 0)('that nobody may read stops whoever needs a setting', () => {
    chmodSync(put('.env', 'PORT=1'), 0o000);
    expect(loaded({}).problem?.message).toContain('this user may not read');
  });
});

describe('a secret in a file', () => {
  it('is read without the line break behind it, whichever secret it is', () => {
    const file = put('key', 'a-secret-of-many-characters\n');
    for (const name of ['TIDINGS_API_KEY', 'SMTP_URL', 'DATABASE_URL', 'WHATSAPP_ACCESS_TOKEN']) {
      const { values, from } = loaded({ [`${name}_FILE`]: 'key' });
      expect(values[name]).toBe('a-secret-of-many-characters');
      expect(from.get(name)).toBe(file);
    }
  });

  it('is refused when it is given twice, is empty, or its file is not there', () => {
    put('empty', ' \n');
    const message = (env: NodeJS.ProcessEnv) => loaded(env).problem?.message;
    expect(message({ SMTP_URL: 'x', SMTP_URL_FILE: 'empty' })).toBe(
      'SMTP_URL and SMTP_URL_FILE are both set.',
    );
    expect(message({ SMTP_URL_FILE: 'empty' })).toContain('which is empty');
    expect(message({ SMTP_URL_FILE: 'none' })).toContain('SMTP_URL_FILE: ');
  });

  it('of DKIM stays a file, as seen from where the program was started', () => {
    const { values } = loaded({ DKIM_PRIVATE_KEY_FILE: 'dkim.pem' });
    expect(values['DKIM_PRIVATE_KEY_FILE']).toBe(join(folder, 'dkim.pem'));
    expect(values['DKIM_PRIVATE_KEY']).toBeUndefined();
  });
});

describe('names that are no setting', () => {
  const told = (env: NodeJS.ProcessEnv, file = '') => {
    if (file) put('.env', file);
    const { values, ...environment } = loaded(env);
    return unknownNames(values, environment).map(({ name, meant }) => `${name}: ${meant}`);
  };

  it.each([
    ['SMTPURL', 'SMTP_URL'],
    ['SMTP_HOST', 'SMTP_URL'],
    ['SMTP_PASSWORD', 'SMTP_URL'],
    ['MAIL_FROM', 'EMAIL_FROM'],
    ['WHATSAPP_TOKEN', 'WHATSAPP_ACCESS_TOKEN'],
    ['TIDINGS_DATADIR', 'TIDINGS_DATA_DIR'],
    ['TIDINGS_API_KEYS', 'TIDINGS_API_KEY'],
    ['PUBLICURL', 'PUBLIC_URL'],
    ['Smtp_Url', 'SMTP_URL'],
  ])('%s is told with %s', (name, meant) => {
    expect(told({ [name]: 'x' })).toEqual([`${name}: ${meant}`]);
  });

  it('in the file are all told, and in the environment not those of other programs', () => {
    const env = { PATH: '/bin', HOME: '/', API_KEY: 'x', DB_URL: 'x', AWS_PROFILE: 'x', npm_command: 'run' };
    expect(told(env, 'BASE_URL=x\nCOLOUR=red\nSMTP_URL=x\nSMTP_URL_FILE=')).toEqual([
      'BASE_URL: PUBLIC_URL',
      'COLOUR: null',
    ]);
  });
});

describe('the folder of data', () => {
  const at = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform, isClone = false) =>
    defaultDataFolder(env, '/clone', { isClone, platform, home: '/home/ann' });

  it('is data in a clone; installed, the one that the platform has for it; of a service, the one of its unit', () => {
    expect(at({}, 'linux', true)).toBe(join('/clone', 'data'));
    expect(at({}, 'linux')).toBe(join('/home/ann', '.local/share/tidings'));
    expect(at({ XDG_DATA_HOME: '/xdg' }, 'linux')).toBe(join('/xdg', 'tidings'));
    expect(at({}, 'darwin')).toBe(join('/home/ann', 'Library/Application Support/tidings'));
    expect(at({ APPDATA: '/roaming' }, 'win32')).toBe(join('/roaming', 'tidings'));
    expect(at({ STATE_DIRECTORY: '/var/lib/tidings:/var/lib/more' }, 'linux', true)).toBe('/var/lib/tidings');
  });

  it('is where somebody says, as seen from where the program was started', () => {
    expect(loaded({ TIDINGS_DATA_DIR: 'here' }).values['TIDINGS_DATA_DIR']).toBe(join(folder, 'here'));
    expect(loaded({}).from.get('TIDINGS_DATA_DIR')).toBe('the default');
  });
});

it('files are meant as seen from where a script of npm was called, and nothing else moves a process', () => {
  const ours = {
    INIT_CWD: folder,
    npm_package_json: join(PACKAGE_FOLDER, 'package.json'),
    npm_lifecycle_event: 'tidings',
  };
  expect(callersFolder(ours)).toBe(folder);
  expect(callersFolder({ ...ours, npm_lifecycle_event: 'test' })).toBeNull();
  expect(callersFolder({ ...ours, npm_package_json: '/elsewhere/package.json' })).toBeNull();
  expect(callersFolder({ ...ours, INIT_CWD: join(folder, 'gone') })).toBeNull();
});
