import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from 'hono';

/**
 * Nothing from elsewhere, no script or style that does not lie in our own files, nobody's frame. Scripts that are made of
 * text are refused by the browser itself.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** The library that draws the page of the API makes HTML of text, and cleans it itself. */
const API_DOCS_POLICY = PAGE_POLICY.replace("; require-trusted-types-for 'script'", '');

/** First parts of the addresses that are screens; web/routes.ts knows what each shows. */
export const SCREENS = [
  '',
  'welcome',
  'sign-in',
  'sends',
  'audiences',
  'leads',
  'drafts',
  'approvals',
  'replies',
  'suppressions',
  'channels',
  'settings',
  'connect',
];

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
const ASSET = /^\/(?:assets\/[\w.-]+|[\w-]+)\.(js|css|svg)$/;

/** As far from this file as from those of `dist/src/`. */
const FOLDER = join(import.meta.dirname, '../../web/dist');

/** The files of the dashboard, as `npm ci` has built them. */
export class Dashboard {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns null where it was not built */
  static find(this: void, folders: readonly string[] = [FOLDER]): Dashboard | null {
    const folder = folders.find((one) => existsSync(join(one, 'index.html')));
    return folder === undefined ? null : new Dashboard(folder);
  }

  /** One page for all screens: which of them it is, its script reads from the address. */
  async page(c: Context): Promise<Response> {
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_POLICY,
      'cache-control': 'no-cache',
      vary: 'Accept-Encoding',
    };
    return this.#file(c, 'index.html', headers);
  }

  /** The page of the API and its files. @returns null: it has no such file */
  async apiDocs(c: Context): Promise<Response | null> {
    const name = c.req.param('file') ?? 'index.html';
    const [, kind] = /^[\w-]+\.(html|js|css)$/.exec(name) ?? [];
    if (kind === undefined || !existsSync(join(this.#folder, 'api-docs', name))) return null;
    return this.#file(c, `api-docs/${name}`, {
      'content-type': TYPES[kind]!,
      'content-security-policy': API_DOCS_POLICY,
      'cache-control': 'no-cache',
      vary: 'Accept-Encoding',
    });
  }

  /** @returns null: that is no file of the dashboard */
  async asset(c: Context): Promise<Response | null> {
    const [, kind] = ASSET.exec(c.req.path) ?? [];
    if (kind === undefined || !existsSync(join(this.#folder, c.req.path))) return null;
    // The names of built files say what is in them.
    const age = c.req.path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    const headers = { 'content-type': TYPES[kind]!, 'cache-control': age, vary: 'Accept-Encoding' };
    return this.#file(c, c.req.path, headers);
  }

  async #file(c: Context, path: string, headers: Record<string, string>): Promise<Response> {
    const packed = join(this.#folder, `${path}.gz`);
    if (/\bgzip\b/.test(c.req.header('accept-encoding') ?? '') && existsSync(packed))
      return c.body(await readFile(packed), 200, { ...headers, 'content-encoding': 'gzip' });
    return c.body(await readFile(join(this.#folder, path)), 200, headers);
  }
}
