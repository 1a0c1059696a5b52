import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, hasBrowser, isSideways, openBrowser, personOf } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';

describe.skipIf(!hasBrowser())('drafts on the dashboard', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let audience_id: string;
  let ana: object;
  let bo: object;

  beforeAll(async () => {
    core = await openCore([]);
    await core.call('leads.import', {
      leads: [
        { name: 'Zoë <Pérez>', email: 'zoe@example.com' },
        { name: 'Li', email: 'li@example.com' },
      ],
    });
    ({ audience_id } = await core.call('audience.create', { name: 'Everybody' }));
    browser = await openBrowser(core.tidings);
    ana = await personOf(core, browser, 'ana');
    bo = await personOf(core, browser, 'bo');
  });
  afterAll(async () => {
    await browser?.close();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  const draftOf = (page: Page) => new URL(page.url()).pathname.split('/').at(-1)!;
  const soon = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 15_000 });
  const stored = (draft_id: string) => core.call('drafts.get', { draft_id });
  const message = (page: Page) => page.getByLabel('Message', { exact: true });
  /** Until the server has it, as the page says it. */
  const saved = (page: Page) => page.getByText(/^Saved \d/).waitFor();

  async function startDraft(subject: string): Promise<{ page: Page; id: string }> {
    const page = await browser.open(`/drafts/new?audience=${audience_id}`, ana);
    await page.getByLabel('Subject').fill(subject);
    await message(page).fill('Hi {{lead.name}}');
    await saved(page);
    return { page, id: draftOf(page) };
  }

  it('is not there to be written at before it has come', async () => {
    const { page, id } = await startDraft('Comes late');
    await page.context().close();
    const other = await browser.open('/drafts', bo);
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      void other.route(`**/api/drafts/${id}`, async (route) => {
        resolve();
        await new Promise<void>((go) => {
          answer = go;
        });
        await route.continue();
      });
    });
    await other.getByRole('link', { name: 'Comes late' }).click();
    await asked;
    await other.getByText('Loading …').waitFor();
    expect(await message(other).count()).toBe(0);
    answer();
    await soon(() => message(other).inputValue()).toBe('Hi {{lead.name}}');
    await other.context().close();
  });

  it('is kept by the server as it is typed, under an address that another person opens', async () => {
    const { page, id } = await startDraft('Shared');
    expect(await stored(id)).toMatchObject({
      changed_by: 'person ana',
      content: { audience_id, channel: 'email', subject: 'Shared', message: 'Hi {{lead.name}}' },
    });
    const other = await browser.open('/drafts', bo);
    await other.getByRole('link', { name: 'Shared' }).click();
    await soon(() => message(other).inputValue()).toBe('Hi {{lead.name}}');
    // Who comes back to it, and has written nothing, is shown what became of it.
    await message(page).fill('Hello');
    await soon(async () => (await stored(id)).content.message).toBe('Hello');
    await other.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await other.getByText('person ana changed this at', { exact: false }).waitFor();
    expect(await message(other).inputValue()).toBe('Hello');
    await page.context().close();
    await other.context().close();
  });

  it.each(['Take theirs', 'Keep mine'] as const)(
    'two people write on one: the second is told who and when, sees both, and %s loses no word',
    async (choice) => {
      const { page: first, id } = await startDraft(`Two, ${choice}`);
      const second = await browser.open(`/drafts/${id}`, bo);
      await soon(() => message(second).inputValue()).toBe('Hi {{lead.name}}');
      await second.context().setOffline(true);
      await message(second).fill('Of Bo');
      await message(first).fill('Of Ana');
      await soon(async () => (await stored(id)).content.message).toBe('Of Ana');
      await second.context().setOffline(false);
      const told = second.getByRole('alert').filter({ hasText: 'person ana changed this draft at' });
      await told.getByText('Of Ana').waitFor();
      await told.getByText('Of Bo').waitFor();
      expect(await accessFaults(second)).toEqual([]);
      expect((await stored(id)).content.message).toBe('Of Ana');
      await told.getByRole('button', { name: choice }).click();
      await told.waitFor({ state: 'detached' });
      const stays = choice === 'Take theirs' ? 'Of Ana' : 'Of Bo';
      await soon(() => message(second).inputValue()).toBe(stays);
      await soon(async () => (await stored(id)).content.message).toBe(stays);
      await second.getByRole('link', { name: 'Open it' }).click();
      await soon(() => message(second).inputValue()).toBe(stays === 'Of Ana' ? 'Of Bo' : 'Of Ana');
      expect((await stored(draftOf(second))).content).toMatchObject({
        audience_id,
        subject: `Two, ${choice}`,
      });
      browser.forgive(/ERR_INTERNET_DISCONNECTED|status of 409/);
      await first.context().close();
      await second.context().close();
    },
  );

  it('is not lost without the server: the browser keeps it over a reload, and hands it over when it can', async () => {
    const { page, id } = await startDraft('Offline');
    await page.route('**/api/drafts**', (route) => route.abort());
    await message(page).fill('Written without a server');
    await page.getByText('The server cannot be reached.', { exact: false }).waitFor();
    expect(await page.evaluate(`localStorage.getItem('tidings.draft.${id}')`)).toContain('without a server');
    await page.reload();
    await soon(() => message(page).inputValue()).toBe('Written without a server');
    await page.unroute('**/api/drafts**');
    await soon(async () => (await stored(id)).content.message).toBe('Written without a server');
    await saved(page);
    expect(await page.evaluate(`localStorage.getItem('tidings.draft.${id}')`)).toBeNull();
    browser.forgive(/ERR_FAILED/);
    await page.context().close();
  });

  it('an answer that is lost makes no conflict with oneself', async () => {
    const { page, id } = await startDraft('Lost answer');
    await page.route(
      '**/api/drafts',
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await message(page).fill('One');
    await page.getByText('The server cannot be reached.', { exact: false }).waitFor();
    await message(page).fill('One, two');
    await soon(async () => (await stored(id)).content.message).toBe('One, two');
    expect(await page.getByRole('alert').count()).toBe(0);
    browser.forgive(/ERR_FAILED|status of 409/);
    await page.context().close();
  });

  it('one that was deleted meanwhile is told, and what was written becomes a draft of its own', async () => {
    const { page, id } = await startDraft('Gone');
    await core.call('drafts.delete', { draft_id: id });
    await message(page).fill('Still here');
    await page.getByRole('button', { name: 'Keep as a new draft' }).click();
    await page.getByRole('link', { name: 'Open it' }).click();
    await soon(() => message(page).inputValue()).toBe('Still here');
    expect(draftOf(page)).not.toBe(id);
    browser.forgive(/status of 404/);
    await page.context().close();
  });

  it('what is sent is what was checked, whoever changes the draft meanwhile; and their words stay', async () => {
    const { page, id } = await startDraft('Checked');
    await page.getByRole('button', { name: 'Check' }).click();
    const send = page.getByRole('button', { name: 'Send to 2 people' });
    await send.waitFor();
    await core.call('drafts.save', {
      ...{ draft_id: id, revision: (await stored(id)).revision, audience_id, channel: 'email' },
      ...{ subject: 'Checked', message: 'Slipped in' },
    });
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.waitForLoadState('networkidle');
    await send.click();
    await page.waitForURL(/\/sends\//);
    const { sends } = await core.call('sends.list', {});
    expect((await core.call('sends.get', { send_id: sends[0].send_id })).message).toBe('Hi {{lead.name}}');
    expect((await stored(id)).content.message).toBe('Slipped in');
    browser.forgive(/status of 409/);
    await page.context().close();
  });

  it('the mail stands beside it as each person gets it, in a frame where nothing runs and nothing is fetched unasked', async () => {
    const { page } = await startDraft('Seen');
    const asked: string[] = [];
    await page.route('https://pictures.example/**', (route) => {
      asked.push(route.request().url());
      return route.fulfill({
        contentType: 'image/svg+xml',
        body: '<svg xmlns="http://www.w3.org/2000/svg"/>',
      });
    });
    await message(page).fill(
      [
        '<style>h1 { color: rgb(1, 2, 3) } </style><h1>Hola {{lead.name}}</h1>',
        '<img alt="Shop" src="https://pictures.example/one.png">',
        '<script>parent.postMessage("ran", "*"); document.body.dataset.ran = "1"</script>',
        '<a href="https://elsewhere.example/" onclick="document.body.dataset.ran=1">Buy</a>',
        '<meta http-equiv="refresh" content="0;url=/"><iframe src="/"></iframe>',
      ].join(''),
    );
    const mail = page.frameLocator('iframe[title="The mail as it arrives"]');
    await mail.getByRole('heading', { name: 'Hola Zoë <Pérez>' }).waitFor();
    const inside = page.frames().find((one) => one.url().endsWith('/preview-frame'))!;
    expect(await inside.evaluate("getComputedStyle(document.querySelector('h1')).color")).toBe(
      'rgb(1, 2, 3)',
    );
    await mail.getByRole('link', { name: 'Buy' }).click();
    expect(await mail.locator('body').getAttribute('data-ran')).toBeNull();
    expect(await mail.locator('script:not([data-own]), meta[http-equiv], iframe').count()).toBe(0);
    expect(await inside.evaluate('origin')).toBe('null');
    expect(asked).toEqual([]);
    await page.getByRole('button', { name: 'The next person' }).click();
    await mail.getByRole('heading', { name: 'Hola Li' }).waitFor();
    await page.getByRole('button', { name: 'Show pictures' }).click();
    await soon(() => asked).toEqual(['https://pictures.example/one.png']);
    await page.getByLabel('Text part').check();
    await page.getByText('Hola Li').waitFor();
    browser.forgive(/^foreign: https:\/\/pictures\.example|inline event handler/);
    await page.context().close();
  });

  describe('of one person are not left to the next at the same browser', () => {
    const kept = (page: Page) =>
      page.evaluate<string>(
        "Object.entries(localStorage).filter(([key]) => key.startsWith('tidings.draft.')).join()",
      );
    const allTexts = async () => {
      const { drafts } = await core.call('drafts.list', { limit: 100 });
      const all = await Promise.all(drafts.map(({ draft_id }: { draft_id: string }) => stored(draft_id)));
      return all.map(({ content }) => content.message);
    };
    const signOut = (page: Page) => page.getByRole('button', { name: 'Sign out' }).click();
    const isOut = (page: Page) => page.getByRole('heading', { name: 'Sign in' }).waitFor();

    async function signIn(page: Page, name: string): Promise<void> {
      await isOut(page);
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
      await page.getByLabel('Password').fill('long enough to be one');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor({ state: 'detached' });
    }

    /** What only the browser has; the session is over then, as the page has noticed. */
    async function writeUnheard(text: string): Promise<{ page: Page; id: string }> {
      const started = await startDraft('Unheard');
      const { page } = started;
      await page.route('**/api/drafts**', (route) => route.abort());
      await message(page).fill(text);
      await page.getByText('The server cannot be reached.', { exact: false }).waitFor();
      await page.context().clearCookies();
      await page.unroute('**/api/drafts**');
      await isOut(page);
      expect(await kept(page)).toContain(text);
      browser.forgive(/ERR_FAILED|status of 401/);
      return started;
    }

    it('who signs out hands over what the server did not have, and the other version of it stays as well', async () => {
      const { page: first, id } = await startDraft('Handed over');
      const second = await browser.open(`/drafts/${id}`, bo);
      await soon(() => message(second).inputValue()).toBe('Hi {{lead.name}}');
      await second.context().setOffline(true);
      await message(second).fill('Handed over by Bo');
      await message(first).fill('Of Ana, first');
      await soon(async () => (await stored(id)).content.message).toBe('Of Ana, first');
      await second.context().setOffline(false);
      await second.getByRole('alert').filter({ hasText: 'changed this draft at' }).waitFor();
      expect(await kept(second)).toContain('Handed over by Bo');
      const other = await second.context().newPage();
      await other.goto(`${browser.url}/drafts`);
      await signOut(other);
      await isOut(other);
      // The tab with the text shows it no longer, either.
      await isOut(second);
      expect(await kept(second)).toBe('');
      expect(await second.content()).not.toContain('Handed over by Bo');
      expect(await allTexts()).toEqual(expect.arrayContaining(['Handed over by Bo', 'Of Ana, first']));
      browser.forgive(/ERR_INTERNET_DISCONNECTED|status of (401|409)/);
      await first.context().close();
      await second.context().close();
    });

    it('who signs out is asked about what the server refuses, and nothing of it stays', async () => {
      const leaving = await personOf(core, browser, 'eva');
      const page = await browser.open(`/drafts/new?audience=${audience_id}`, leaving);
      await page.route('**/api/drafts', (route) =>
        route.request().method() === 'GET'
          ? route.continue()
          : route.fulfill({ status: 403, json: { success: false, error: 'Not now.', code: 'forbidden' } }),
      );
      await message(page).fill('Refused words');
      await page.getByText('Not now.').waitFor();
      await signOut(page);
      await page.getByText('1 draft is in this browser only', { exact: false }).waitFor();
      expect(await accessFaults(page)).toEqual([]);
      await page.getByRole('button', { name: 'Back' }).click();
      expect(await message(page).inputValue()).toBe('Refused words');
      expect(await kept(page)).toContain('Refused words');
      await signOut(page);
      await page.getByRole('button', { name: 'Sign out, and lose them' }).click();
      await isOut(page);
      expect(await kept(page)).toBe('');
      browser.forgive(/status of 40[13]/);
      await page.context().close();
    });

    it('a session that ended by itself keeps them for the same person, over a new start of the page too', async () => {
      const { page, id } = await writeUnheard('Still of Ana');
      await page.reload();
      await signIn(page, 'ana');
      await soon(() => message(page).inputValue()).toBe('Still of Ana');
      await soon(async () => (await stored(id)).content.message).toBe('Still of Ana');
      browser.forgive(/status of 401/);
      await page.context().close();
    });

    it.each(['above the page', 'at a page begun anew'])(
      'another person who signs in then %s finds nothing of it, and saves nothing of it',
      async (where) => {
        const { page, id } = await writeUnheard(`Secret of Ana, ${where}`);
        if (where !== 'above the page') await page.reload();
        await signIn(page, 'bo');
        await soon(() => message(page).inputValue()).toBe('Hi {{lead.name}}');
        expect(await kept(page)).toBe('');
        expect(await page.content()).not.toContain('Secret of Ana');
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
        await page.waitForLoadState('networkidle');
        expect(await stored(id)).toMatchObject({
          changed_by: 'person ana',
          content: { message: 'Hi {{lead.name}}' },
        });
        browser.forgive(/status of 401/);
        await page.context().close();
      },
    );
  });

  it.each([
    ['es-MX', 'light', 1280],
    ['pt-BR', 'dark', 360],
  ] as const)(
    'the frame is as high as its mail, up to a part of the window, or whole: %s, %s, %i px',
    async (locale, colorScheme, width) => {
      const { page } = await startDraft(`As high, ${locale}`);
      const at = page.url();
      await page.context().close();
      const looked = await browser.open(new URL(at).pathname, {
        ...ana,
        locale,
        colorScheme,
        viewport: { width, height: 800 },
      });
      const text = looked.getByRole('textbox', { name: /^(Mensaje|Mensagem)$/ });
      const heightOf = () =>
        looked.evaluate<number>("document.querySelector('iframe.mail-frame').clientHeight");
      const inner = (what: string) =>
        looked
          .frames()
          .find((one) => one.url().includes('/preview-frame'))!
          .evaluate<number>(what);
      const whole = looked.getByRole('button', {
        name: /^Mostrar el correo entero|^Mostrar o e-mail inteiro/,
      });
      await text.fill('<p>Hola</p>');
      await soon(heightOf).toBeLessThan(120);
      expect(await whole.count()).toBe(0);
      await text.fill('<div style="height: 300px">Hola</div>');
      await soon(heightOf).toBeGreaterThanOrEqual(300);
      expect(await heightOf()).toBeLessThan(400);
      // As high as its window: it does not grow with it.
      await text.fill('<div style="height: 100vh">Hola</div>');
      await soon(() =>
        inner("document.body.textContent.includes('Hola') && document.querySelector('[style*=vh]') ? 1 : 0"),
      ).toBe(1);
      await looked.waitForTimeout(300);
      const asHigh = await heightOf();
      await looked.waitForTimeout(500);
      expect(await heightOf()).toBe(asHigh);
      expect(asHigh).toBeLessThan(600);
      await text.fill('<div style="height: 3000px">Hola</div>');
      await soon(heightOf).toBe(600);
      await whole.click();
      await soon(heightOf).toBeGreaterThanOrEqual(3000);
      await soon(() => inner('document.documentElement.scrollHeight - innerHeight')).toBeLessThanOrEqual(0);
      expect(await accessFaults(looked)).toEqual([]);
      expect(await isSideways(looked)).toBe(false);
      await looked.getByRole('button', { name: /^Mostrar menos/ }).click();
      await soon(heightOf).toBe(600);
      await looked.context().close();
    },
  );
});
