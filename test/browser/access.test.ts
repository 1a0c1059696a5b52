import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { es } from '../../web/i18n/es.ts';
import { ptBR } from '../../web/i18n/pt-BR.ts';
import { accessFaults, hasBrowser, isSideways, openBrowser, personOf } from '../support/browser.ts';
import { INVENTED, openFilledHouse } from '../support/filled-house.ts';

const LANGUAGES = ['en', 'es', 'pt-BR'] as const;
const OTHERS: Readonly<Record<string, object>> = { es, 'pt-BR': ptBR };
const LOOKS = [
  [1280, 'light'],
  [1280, 'dark'],
  [360, 'dark'],
] as const;

interface Screen {
  readonly path: string;
  /** There as soon as all that it is to show is there. */
  readonly shows: string;
  /** What is done there first. */
  readonly act?: (page: Page) => Promise<void>;
}

type House = Awaited<ReturnType<typeof openFilledHouse>>;

/** Every screen, and what some of them can be besides; two that differ in their query alone do not follow each other. */
function screensOf({ ids, connect }: Pick<House, 'ids' | 'connect'>): readonly Screen[] {
  const file = { name: 'jendea.csv', mimeType: 'text/csv', buffer: Buffer.from(FILE) };
  return [
    { path: '/welcome', shows: 'pre' },
    { path: '/', shows: '.rows' },
    { path: '/sends', shows: '.rows' },
    { path: `/sends/${ids.running}`, shows: '.table-box' },
    { path: `/sends/${ids.done}`, shows: '.reasons' },
    { path: `/sends/${ids.broken}`, shows: '.notice' },
    { path: `/sends/${ids.waiting}`, shows: '.notice' },
    { path: '/leads', shows: '.table-box' },
    { path: '/leads/import', shows: '.drop' },
    { path: `/leads/${ids.lead}`, shows: '.timeline details' },
    {
      ...{ path: '/leads/import', shows: '.table-box' },
      act: (page) => page.locator('input[type=file]').setInputFiles(file),
    },
    { path: '/leads?search=xyz', shows: '.empty' },
    { path: '/audiences', shows: '.table-box' },
    { path: `/audiences/${ids.audience}`, shows: '.table-box' },
    { path: '/drafts', shows: '.rows' },
    { path: `/drafts/${ids.mail}`, shows: 'iframe' },
    { path: `/drafts/${ids.chat}`, shows: '.bubble' },
    {
      ...{ path: `/drafts/${ids.mail}`, shows: 'article' },
      act: (page) => page.locator('form [type=submit]').click(),
    },
    { path: '/drafts/new', shows: '.compose' },
    { path: '/approvals', shows: 'article' },
    { path: `/approvals/${ids.done}`, shows: '.empty' },
    { path: '/replies', shows: '.table-box' },
    { path: '/suppressions', shows: '.table-box' },
    { path: '/replies?type=failed', shows: '.empty' },
    { path: '/channels', shows: '.check' },
    { path: '/suppressions?channel=whatsapp%3Amarketing', shows: '.empty' },
    { path: connect, shows: 'article' },
    { path: '/sends?state=running&audience=00000000-0000-4000-8000-000000000000', shows: '.empty' },
    { path: '/settings', shows: 'section:nth-of-type(5) .table-box' },
    { path: '/no-such-page', shows: '.button' },
    { path: '/sign-in', shows: 'form' },
  ];
}

const FILE =
  'nombre;correo;plan;unsubscribed\nUlf Öst;berria@example.com;urrea;no\nEva Sol;p5@example.com;urrea;sí\n';

describe.skipIf(!hasBrowser())('every screen', () => {
  let house: House;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let person: object;
  const english = new Map<Screen['path'], ReadonlySet<string>>();

  beforeAll(async () => {
    house = await openFilledHouse();
    browser = await openBrowser(house.tidings, { oauthServer: house.oauthServer });
    person = await personOf(house, browser, 'Maite', 'admin');
  });
  afterAll(async () => {
    await browser?.close();
    await house?.close();
  });

  it('of the router is looked at here', async () => {
    const file = join(import.meta.dirname, '../../web/routes.ts');
    const { ROUTES } = (await import(file)) as { ROUTES: readonly (readonly [RegExp, unknown])[] };
    const paths = screensOf(house).map(({ path }) => new URL(path, browser.url).pathname);
    const seen = paths.map((path) => {
      const at = ROUTES.findIndex(([pattern]) => pattern.test(path));
      return `${ROUTES[at]?.[0]} ${ROUTES[at]?.[0].exec(path)?.[1] === undefined ? 'alone' : 'of one'}`;
    });
    const wanted = ROUTES.flatMap(([pattern]) => {
      if (pattern.source.includes(')?')) return [`${pattern} alone`, `${pattern} of one`];
      return pattern.source.includes('(') ? [`${pattern} of one`] : [`${pattern} alone`];
    });
    expect(wanted.length).toBeGreaterThanOrEqual(17);
    expect(seen).toEqual(expect.arrayContaining([...wanted, 'undefined alone']));
  });

  // English comes first: the others are compared with it.
  it.each(LANGUAGES)(
    'can be used by everybody in both themes, on a desk and on a phone, and says nothing in another language: %s',
    async (language) => {
      const faults: string[] = [];
      const page = await browser.open('/', { ...person, locale: language });
      for (const screen of screensOf(house)) {
        const { path } = screen;
        await show(page, screen);
        const texts = await textsOf(page);
        if (language === 'en') english.set(path, new Set([...texts, ...(english.get(path) ?? [])]));
        else
          faults.push(
            ...foreign(texts, english.get(path)!, OTHERS[language]!).map((one) => `${path}: ${one}`),
          );
        for (const [width, colorScheme] of LOOKS) {
          const look = `${path}, ${width} px, ${colorScheme}`;
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme });
          faults.push(...(await accessFaults(page)).map((one) => `${look}: ${one}`));
          if (await isSideways(page)) faults.push(`${look}: sideways`);
        }
      }
      await page.context().close();
      expect(faults).toEqual([]);
    },
    180_000,
  );

  /** As by a click on a link; who is to sign in has no session any more. */
  async function show(page: Page, { path, shows, act }: Screen): Promise<void> {
    if (path === '/sign-in') {
      await page.context().clearCookies();
      await page.goto(browser.url + path);
    } else {
      await page.locator('.page').waitFor();
      await page.evaluate(`
        document.querySelector('.page').dataset.left = '';
        const link = Object.assign(document.createElement('a'), { href: ${JSON.stringify(path)} });
        document.body.append(link);
        link.click();
        link.remove();
      `);
    }
    await page.locator('.page:not([data-left])').waitFor();
    await act?.(page);
    await page.locator(`.page:not([data-left]) ${shows}`).first().waitFor();
    if (path === '/sign-in') browser.forgive(/status of 401/);
  }
});

/** What a page says and is called, apart from code, countries, and what is marked as of another language. */
async function textsOf(page: Page): Promise<ReadonlySet<string>> {
  const texts = await page.evaluate(`
    [...document.querySelectorAll('title, body *')]
      .filter((one) => !one.closest('code, pre, kbd, noscript, body [lang]'))
      .filter((one) => !(one.matches('option') && /^[A-Z]{2}$/.test(one.value)))
      .flatMap((one) => [
        ...['aria-label', 'title', 'placeholder', 'alt', 'data-name'].map((name) => one.getAttribute(name) ?? ''),
        ...[...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data),
      ])
      .map((text) => text.trim())
  `);
  return new Set(texts as string[]);
}

/** Addresses, fields and ids. */
const NAMED = /\S+@\S+|\b(?:lead|metadata)\.[\w.]+|\bfake:\w+|\b[0-9a-f]{8}[0-9a-f-]*/g;

/** What stands there as on the English page, though nobody invented it and the language has no such words. */
function foreign(texts: ReadonlySet<string>, english: ReadonlySet<string>, words: object): string[] {
  const own = new Set(leavesOf(words));
  return [...texts].filter((text) => {
    if (!english.has(text)) return false;
    const left = text.replaceAll(NAMED, '').match(/\p{L}{3,}/gu) ?? [];
    return !own.has(text) && left.some((word) => !INVENTED.has(word));
  });
}

function leavesOf(words: object): unknown[] {
  return Object.values(words).flatMap((one) => (typeof one === 'object' ? leavesOf(one) : [one]));
}
