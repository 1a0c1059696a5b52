import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest';
import type { Principal } from '../../src/core/access/principal.ts';
import { effectsOf, ROLES } from '../../src/core/access/role.ts';
import type { Caller } from '../../src/operations/operation.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';

const folder = freshFolder();
let core: Awaited<ReturnType<typeof openCore>>;
/** Of another process on the same database. */
let other: Awaited<ReturnType<typeof openCore>>;
const ADMIN_KEY = 'the key of the environment';
const machine: Partial<Caller> = {
  door: 'cli',
  principal: { kind: 'machine', id: null, name: null, role: 'admin' },
};
const call = (name: string, input: object, caller = machine) => core.call(name, input, { caller });
const refused = (name: string, input: object, caller: Partial<Caller>) =>
  call(name, input, caller).then(
    () => 'done',
    (error) => error.code,
  );
/** What a process knew before it is older than a second now. */
const at = performance.now.bind(performance);
let later = 0;
const aSecond = () => {
  later += 1_001;
  vi.spyOn(performance, 'now').mockImplementation(() => at() + later);
};
afterEach(() => vi.restoreAllMocks());

beforeAll(async () => {
  core = await openCore([], folder, undefined, undefined, { env: { TIDINGS_API_KEY: ADMIN_KEY } });
  other = await openCore([], folder, undefined, undefined, { env: { TIDINGS_API_KEY: ADMIN_KEY } });
});

afterAll(async () => {
  await core.close();
  await other.close();
  removeFolder(folder);
});

describe('a key', () => {
  it('is shown once, and kept nowhere', async () => {
    const made = await call('keys.create', { name: 'shown', role: 'viewer' });
    expect(made.key).toMatch(/^tdg_[\w-]{43}$/);
    expect(made).toMatchObject({ name: 'shown', role: 'viewer', state: 'valid', last_used_at: null });
    const { keys } = await call('keys.list', {});
    expect(JSON.stringify(keys)).not.toContain(made.key);
    const rows = await core.ledger.all('SELECT * FROM keys');
    expect(JSON.stringify(rows)).not.toContain(made.key.slice(4));
  });

  it('says who calls, by all of it and by nothing else', async () => {
    const { key, key_id } = await call('keys.create', { name: 'who', role: 'author' });
    const { access } = core.tidings;
    expect(await access.byKey(key)).toEqual({ kind: 'key', id: key_id, name: 'who', role: 'author' });
    for (const wrong of [key.slice(0, -1), `${key}x`, key.toLowerCase(), key_id, '', 'tdg_', ` ${key}`])
      expect(await access.byKey(wrong), wrong).toBeNull();
    const [{ hash }] = (await core.ledger.all<{ hash: string }>(
      'SELECT hash FROM keys WHERE id = ?',
      key_id,
    )) as [{ hash: string }];
    expect(await access.byKey(hash)).toBeNull();
    expect(await access.byKey(ADMIN_KEY)).toMatchObject({ kind: 'admin_key', role: 'admin' });
  });

  it('that is revoked opens nothing within a second, in other processes too', async () => {
    const { key } = await call('keys.create', { name: 'gone', role: 'viewer' });
    expect(await other.tidings.access.byKey(key)).not.toBeNull();
    expect(await call('keys.revoke', { key: 'gone' })).toMatchObject({ state: 'revoked' });
    expect(await core.tidings.access.byKey(key)).toBeNull();
    aSecond();
    expect(await other.tidings.access.byKey(key)).toBeNull();
    // Its name is free for another; its row stays, so that what it did can be told.
    await call('keys.create', { name: 'gone', role: 'viewer' });
    const { keys } = await call('keys.list', {});
    expect(keys.filter((one: { name: string }) => one.name === 'gone')).toHaveLength(2);
  });

  it('opens nothing when it is over', async () => {
    const expires = new Date(Date.now() + 60_000).toISOString();
    const { key } = await call('keys.create', { name: 'short', role: 'viewer', expires });
    expect(await core.tidings.access.byKey(key)).not.toBeNull();
    // It was looked up a moment ago, and is over all the same.
    vi.spyOn(Date, 'now').mockReturnValue(Date.parse(expires));
    expect(await core.tidings.access.byKey(key)).toBeNull();
    vi.restoreAllMocks();
    for (const wrong of ['2001-01-01T00:00:00Z', 'soon', '', '0d', '2027-01-31'])
      expect(await refused('keys.create', { name: 'x', role: 'viewer', expires: wrong }, machine)).toBe(
        'invalid_argument',
      );
  });

  it('has its last use noted, without anybody waiting for it', async () => {
    const { key, key_id } = await call('keys.create', { name: 'used', role: 'viewer' });
    await core.tidings.access.byKey(key);
    await core.tidings.access.close();
    const { keys } = await call('keys.list', {});
    const { last_used_at } = keys.find((one: { key_id: string }) => one.key_id === key_id);
    expect(Date.now() - Date.parse(last_used_at)).toBeLessThan(60_000);
  });

  it('is one by its name: a second is refused, since no key is shown twice', async () => {
    await call('keys.create', { name: 'once', role: 'viewer' });
    expect(await refused('keys.create', { name: 'once', role: 'viewer' }, machine)).toBe('conflict');
    expect(await refused('keys.revoke', { key: 'nobody' }, machine)).toBe('not_found');
    expect(await refused('keys.create', { name: 'a\nb', role: 'viewer' }, machine)).toBe('invalid_argument');
  });
});

describe('what a caller may', () => {
  const kinds: Principal['kind'][] = ['key', 'admin_key', 'open', 'user', 'machine', 'token', 'app'];
  const doors = ['mcp', 'http', 'cli'] as const;
  const as = (kind: Principal['kind'], role: Principal['role'], door: Caller['door']): Partial<Caller> => ({
    door,
    principal: { kind, id: 'x', name: 'x', role },
  });

  test.each(ROLES)('%s: what its role says of every operation, at every door, and no more', async (role) => {
    const may = effectsOf(role);
    for (const { name, effect, isForPersons, isForAuthors } of core.tidings.operations)
      for (const kind of kinds)
        for (const door of doors) {
          const isPerson = kind === 'user' || (kind === 'machine' && door === 'cli');
          const isForPeople = effect === 'approve' || isForPersons === true;
          const isTool = effect !== 'administer' && effect !== 'approve' && !isForPersons;
          // What authors ask for waits for an operator to approve it.
          const allowed =
            (may.includes(effect) || (isForAuthors && may.includes('write'))) &&
            (!isForPeople || isPerson) &&
            (isTool || door !== 'mcp');
          // The check comes before the input is looked at: an argument that is unknown tells them apart.
          const code = await refused(name, { no_such_argument: 1 }, as(kind, role, door));
          expect([name, kind, door, code]).toEqual([
            name,
            kind,
            door,
            allowed ? 'invalid_argument' : 'forbidden',
          ]);
        }
  });

  it('has nothing to do with an argument, and is said with the role that is needed', async () => {
    const viewer = as('key', 'viewer', 'http');
    const error = await call('leads.create', { name: 'Ann', role: 'admin' }, viewer).catch((one) => one);
    expect(error.code).toBe('forbidden');
    expect(error.message).toContain('needs the role author');
  });

  it('is the same for files that come in and go out as streams', async () => {
    const { runUpload, runDownload } = await import('../../src/operations/run-operation.ts');
    const { CALLER } = await import('../support/caller.ts');
    const named = (name: string) => core.tidings.operations.find((one) => one.name === name)!;
    async function* file() {
      yield Buffer.from('email\nann@example.com\n');
    }
    const viewer = { ...CALLER, ...as('key', 'viewer', 'http') };
    await expect(runUpload(named('leads.import'), file(), {}, viewer)).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await core.call('leads.list')).toMatchObject({ total_count: 0 });
    expect(() => runDownload(named('leads.export'), {}, viewer)).not.toThrow();
  });
});

describe('a person', () => {
  const link = (made: { link: string }) => made.link.split('#')[1]!;

  it('sets a password by a link that works once, and signs in with it', async () => {
    const { signIn, access } = core.tidings;
    const made = await call('users.add', { name: 'ana', role: 'operator' });
    expect(made).toMatchObject({ name: 'ana', role: 'operator', has_password: false });
    expect(made.link).toMatch(/^http:\/\/localhost:3000\/sign-in#[\w-]{43}$/);
    expect(await signIn.byPassword({ name: 'ana', password: 'anything at all' })).toBeNull();
    const given = { link: link(made), password: 'four words, mine' };
    expect(await signIn.ownerOf(given.link)).toBe('ana');
    await expect(signIn.byLink({ ...given, password: 'short' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    const both = await Promise.allSettled([signIn.byLink(given), signIn.byLink(given)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(signIn.byLink(given)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await signIn.byPassword({ name: 'ana', password: 'four words, min' })).toBeNull();
    const token = (await signIn.byPassword({ name: 'ana', password: 'four words, mine' }))!;
    expect(await access.bySession(token)).toMatchObject({ kind: 'user', name: 'ana', role: 'operator' });
    const stored = JSON.stringify([
      await core.ledger.all('SELECT * FROM users'),
      await core.ledger.all('SELECT * FROM sessions'),
      await core.ledger.all('SELECT * FROM sign_in_links'),
    ]);
    for (const secret of ['four words', token, given.link]) expect(stored).not.toContain(secret);
  });

  it('is out by signing out, by a new password, by another role or by being removed, in other processes within a second', async () => {
    const { signIn } = core.tidings;
    const made = await call('users.add', { name: 'ben', role: 'admin' });
    const first = await signIn.byLink({ link: link(made), password: 'four words, mine' });
    const enter = async () => (await signIn.byPassword({ name: 'ben', password: 'four words, mine' }))!;
    const [second, third] = [await enter(), await enter()];
    const who = (token: string) => other.tidings.access.bySession(token);
    expect(await who(first)).toMatchObject({ role: 'admin' });
    await signIn.out(first);
    await call('users.role', { user: 'ben', role: 'viewer' });
    expect(await core.tidings.access.bySession(second)).toMatchObject({ role: 'viewer' });
    aSecond();
    expect(await who(first)).toBeNull();
    expect(await who(second)).toMatchObject({ role: 'viewer' });
    await signIn.byLink({
      link: link(await call('users.link', { user: 'ben' })),
      password: 'another four, mine',
    });
    expect(await core.tidings.access.bySession(second)).toBeNull();
    expect(await enter()).toBeNull();
    const last = (await signIn.byPassword({ name: 'ben', password: 'another four, mine' }))!;
    await call('users.remove', { user: 'ben' });
    expect(await core.tidings.access.bySession(last)).toBeNull();
    aSecond();
    for (const token of [second, third, last]) expect(await who(token)).toBeNull();
    expect(await signIn.byPassword({ name: 'ben', password: 'another four, mine' })).toBeNull();
  });

  it('is signed out after twelve hours without a call, and after thirty days', async () => {
    const { signIn, access } = core.tidings;
    const made = await call('users.add', { name: 'eva', role: 'viewer' });
    const token = await signIn.byLink({ link: link(made), password: 'four words, mine' });
    const set = (column: string, hours: number) =>
      core.ledger.write((tx) =>
        tx.run(
          `UPDATE sessions SET ${column} = ? WHERE user_id = ?`,
          Date.now() - hours * 3_600_000,
          made.user_id,
        ),
      );
    const isIn = async () => {
      access.forget();
      const found = await access.bySession(token);
      await access.close();
      return found !== null;
    };
    await set('seen_at', 11.9);
    expect(await isIn()).toBe(true);
    // A call has been noted meanwhile.
    expect(await isIn()).toBe(true);
    await set('seen_at', 12.1);
    expect(await isIn()).toBe(false);
    await set('seen_at', 0);
    await set('created_at', 24 * 29.9);
    expect(await isIn()).toBe(true);
    await set('created_at', 24 * 30.1);
    expect(await isIn()).toBe(false);
  });

  it('may sign in with a key, and is then that key, for as long as it holds', async () => {
    const { signIn, access } = core.tidings;
    const { key } = await call('keys.create', { name: 'page', role: 'author' });
    const token = (await signIn.byKey(key))!;
    expect(await access.bySession(token)).toMatchObject({ kind: 'key', name: 'page', role: 'author' });
    await call('keys.revoke', { key: 'page' });
    expect(await access.bySession(token)).toBeNull();
    expect(await access.bySession((await signIn.byKey(ADMIN_KEY))!)).toMatchObject({ kind: 'admin_key' });
    expect(await signIn.byKey('nothing')).toBeNull();
  });
});

it('a link for the first person holds while there is nobody, and the last one made is the one that holds', async () => {
  const fresh = await openCore([]);
  try {
    const { signIn, access } = fresh.tidings;
    expect(await access.open()).toMatchObject({ kind: 'open', role: 'admin' });
    const [old, link] = [(await signIn.firstLink())!, (await signIn.firstLink())!];
    const given = { name: 'ana', password: 'four words, mine' };
    await expect(signIn.byLink({ link: old, ...given })).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(signIn.byLink({ link, password: given.password })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    const token = await signIn.byLink({ link, ...given });
    expect(await access.bySession(token)).toMatchObject({ kind: 'user', name: 'ana', role: 'admin' });
    expect(await signIn.firstLink()).toBeNull();
    // From the first of them on nobody is let in unnamed, also when they are gone.
    expect(await access.open()).toBeNull();
    await fresh.call('users.remove', { user: 'ana' }, { caller: machine });
    expect(await access.open()).toBeNull();
  } finally {
    await fresh.close();
    removeFolder(fresh.folder);
  }
});
