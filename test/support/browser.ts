import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { type HttpServerOptions, startHttpServer } from '../../src/http/server.ts';
import type { Tidings } from '../../src/tidings.ts';
import { type openCore, quiet } from './core.ts';

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** False: these tests are skipped, with a word. Where they must run (.ci/run), a missing browser is a fault. */
export function hasBrowser(): boolean {
  if (existsSync(CHROMIUM)) return true;
  if (process.env['TIDINGS_TEST_BROWSER'] === 'must') throw new Error(`there is no browser at ${CHROMIUM}`);
  console.warn(
    `No browser at ${CHROMIUM}: the tests of the dashboard are skipped (apt-get install chromium).`,
  );
  return false;
}

export interface TestBrowser {
  readonly url: string;
  /** What was complained of, refused by the policy or asked of others so far. */
  readonly faults: string[];
  open(path: string, options?: BrowserContextOptions): Promise<Page>;
  /** A refusal that a test is about is a line in the console, too. */
  forgive(expected: RegExp): void;
  close(): Promise<void>;
}

/**
 * The dashboard of a house in a real browser. What a policy refuses, what a page complains of, and whatever is asked of
 * another host makes `close` fail.
 */
export async function openBrowser(
  tidings: Tidings,
  {
    apiKey = null,
    oauthServer = null,
    through = async (port) => port,
  }: {
    apiKey?: string | null;
    oauthServer?: HttpServerOptions['oauthServer'];
    /** What stands between the browser and the server: its port. */
    through?: (port: number) => Promise<number>;
  } = {},
): Promise<TestBrowser> {
  const { url: own, close } = await startHttpServer({
    tidings,
    version: '0.0.0-test',
    host: '127.0.0.1',
    port: 0,
    apiKey,
    oauthServer,
    publicUrl: null,
    log: quiet,
  });
  const url = `http://127.0.0.1:${await through(Number(new URL(own).port))}`;
  // Debian's profile wants no sandbox where everything runs as root, as in a container.
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const faults: string[] = [];
  return {
    url,
    faults,
    forgive(expected) {
      for (let at = faults.length - 1; at >= 0; at--) if (expected.test(faults[at]!)) faults.splice(at, 1);
    },
    async open(path, options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        locale: 'en-US',
        timezoneId: 'America/Mexico_City',
        reducedMotion: 'reduce',
        ...options,
      });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(`console: ${message.text()}`);
      });
      page.on('request', (request) => {
        const { protocol, origin } = new URL(request.url());
        if (protocol.startsWith('http') && origin !== url) faults.push(`foreign: ${request.url()}`);
      });
      await page.goto(url + path);
      return page;
    },
    async close() {
      await browser.close();
      await close();
      expect(faults).toEqual([]);
    },
  };
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe-core finds against WCAG 2.2 AA, one line each. It is put in by the debugger: the policy of the page stays. */
export async function accessFaults(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: `globalThis.axe ?? (() => {${axe.source}})()` });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'], iframes: false }).then((r) => JSON.stringify({ violations: r.violations }))`,
    awaitPromise: true,
  });
  const { violations } = JSON.parse(String(result.value)) as AxeResult;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}

/** Whether anything goes over the edge of the screen. */
export function isSideways(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > innerWidth');
}

/** A browser in which somebody has signed in, as options of `open`. */
export async function personOf(
  { tidings, call }: Pick<Awaited<ReturnType<typeof openCore>>, 'tidings' | 'call'>,
  { url }: Pick<TestBrowser, 'url'>,
  name: string,
  role = 'operator',
): Promise<BrowserContextOptions> {
  const caller = { door: 'cli', principal: tidings.access.machine() } as const;
  const { link } = await call('users.add', { name, role }, { caller });
  const value = await tidings.signIn.byLink({
    link: new URL(link).hash.slice(1),
    password: 'long enough to be one',
  });
  const cookie = { httpOnly: true, secure: false, sameSite: 'Strict', expires: -1, path: '/' } as const;
  const { hostname: domain } = new URL(url);
  return { storageState: { cookies: [{ ...cookie, name: 'tidings', value, domain }], origins: [] } };
}
