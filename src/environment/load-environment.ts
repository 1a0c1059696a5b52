import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { TidingsError } from '../errors.ts';
import { isPathSetting, SECRETS } from '../settings.ts';
import { defaultDataFolder } from './data-folder.ts';
import { KNOWN } from './unknown-names.ts';

/** The folder of package.json: two above this file, and above the files of `dist/src/` that it is built into. */
export const PACKAGE_FOLDER = resolve(import.meta.dirname, '../..');
/** Scripts of package.json, by which somebody in another folder may have called. */
const SCRIPTS = ['start', 'tidings', 'demo'];

/** Where each setting came from, beside the environment itself. */
export interface Environment {
  /** The file that was read; null: there is none. */
  readonly file: string | null;
  /** Names in that file. */
  readonly inFile: readonly string[];
  /** By name: in words, for people. What is not in it came from the environment. */
  readonly from: ReadonlyMap<string, string>;
  /** Why it cannot be used; told by whatever needs a setting. */
  readonly problem: TidingsError | null;
}

/** Of who read no file. */
export const BARE: Environment = { file: null, inFile: [], from: new Map(), problem: null };

/**
 * Completes `env` from `.env` in the working folder (or the file of `TIDINGS_ENV_FILE`), from a file for each secret that
 * is named by `NAME_FILE`, and with the folder of data. What `env` has already wins. Paths are as seen from `folder`.
 */
export function loadEnvironment(env: NodeJS.ProcessEnv, folder: string): Environment {
  const from = new Map<string, string>();
  let file: string | null = null;
  let inFile: string[] = [];
  let problem: TidingsError | null = null;
  try {
    const read = readEnvFile(env['TIDINGS_ENV_FILE']?.trim() || null, folder);
    if (read !== null) {
      file = read.file;
      inFile = Object.keys(read.values);
      for (const [name, value] of Object.entries(read.values)) {
        if (name in env) continue;
        env[name] = value;
        from.set(name, read.file);
      }
      refuseLost(read);
    }
    for (const name of SECRETS) readSecretFile(env, name, folder, from);
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    problem = error;
  }
  for (const name of Object.keys(env).filter(isPathSetting)) {
    const path = env[name]?.trim();
    if (path) env[name] = resolve(folder, path);
  }
  if (!env['TIDINGS_DATA_DIR']?.trim()) {
    env['TIDINGS_DATA_DIR'] = defaultDataFolder(env, PACKAGE_FOLDER);
    from.set('TIDINGS_DATA_DIR', 'the default');
  }
  return { file, inFile, from, problem };
}

/**
 * npm runs a script in the folder of the package, wherever it was called; files are named as seen from where somebody
 * is. @returns that folder; null: it is the working folder
 */
export function callersFolder(env: NodeJS.ProcessEnv): string | null {
  const { INIT_CWD: called, npm_lifecycle_event: script, npm_package_json: manifest } = env;
  const isOurs = manifest === join(PACKAGE_FOLDER, 'package.json') && SCRIPTS.includes(script ?? '');
  return isOurs && called && statSync(called, { throwIfNoEntry: false })?.isDirectory() ? called : null;
}

interface EnvFile {
  readonly file: string;
  readonly text: string;
  readonly values: Readonly<Record<string, string>>;
}

function readEnvFile(named: string | null, folder: string): EnvFile | null {
  const file = resolve(folder, named ?? '.env');
  try {
    // A byte order mark would be part of the first name.
    const text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
    return { file, text, values: parseEnv(text) as Record<string, string> };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (named === null && (code === 'ENOENT' || code === 'EISDIR')) return null;
    throw unreadable(named === null ? 'The file of settings' : 'TIDINGS_ENV_FILE', file, error);
  }
}

/** They may go over several lines. */
const QUOTED = /=[^\S\n]*(["'`])[\s\S]*?\1/g;

/**
 * What a setting says without an equals sign (`NAME: value`) is read as nothing, and would be missed by nobody. One that
 * another line gives is not lost: `export NAME` alone is for a shell that reads the file, too.
 */
function refuseLost({ file, text, values }: EnvFile): void {
  const lines = text.replace(QUOTED, (value) => `=${value.replace(/[^\n]/g, '')}`).split('\n');
  for (const [at, line] of lines.entries()) {
    const [, name = '', sign] = /^\s*(?:export\s+)?(\w+)\s*(=?)/.exec(line) ?? [];
    if (sign === '' && KNOWN.has(name) && !(name in values))
      throw new TidingsError('configuration', `Line ${at + 1} of ${file} gives ${name} no value.`, {
        fix: `Write ${name}=value, with an equals sign.`,
      });
  }
}

function readSecretFile(
  env: NodeJS.ProcessEnv,
  name: string,
  folder: string,
  from: Map<string, string>,
): void {
  const given = env[`${name}_FILE`]?.trim();
  if (!given) return;
  if (env[name]?.trim()) {
    throw new TidingsError('configuration', `${name} and ${name}_FILE are both set.`, {
      fix: 'Set one of them.',
    });
  }
  const file = resolve(folder, given);
  try {
    env[name] = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw unreadable(`${name}_FILE`, file, error);
  }
  if (!env[name])
    throw new TidingsError('configuration', `${name}_FILE names ${file}, which is empty.`, {
      fix: `Put ${name} into it, or leave ${name}_FILE out.`,
    });
  from.set(name, file);
}

function unreadable(what: string, file: string, error: unknown): TidingsError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const why = { ENOENT: 'is not there', EACCES: 'this user may not read', EISDIR: 'is a folder' }[code];
  return new TidingsError('configuration', `${what}: ${file} ${why ?? `cannot be read (${code})`}.`, {
    fix: 'Correct the path, or let this user read it.',
    cause: error,
  });
}
