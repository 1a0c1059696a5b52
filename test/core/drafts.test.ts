import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let core: Awaited<ReturnType<typeof openCore>>;
const ana = { principal: { kind: 'user', id: 'u1', name: 'ana', role: 'author' } } as const;
const bo = { principal: { kind: 'key', id: 'k1', name: 'bo', role: 'author' } } as const;
const as = (caller: typeof ana | typeof bo) => ({ caller }) as never;

beforeAll(async () => {
  core = await openCore([new FakeSender('email')]);
  await core.ledger.write(async (tx) => {
    await tx.run("INSERT INTO users (id, name, role, created_at) VALUES ('u1', 'ana', 'author', 1)");
    await tx.run("INSERT INTO keys (id, name, hash, role, created_at) VALUES ('k1', 'bo', 'h', 'author', 1)");
  });
});
afterAll(async () => {
  await core.close();
  removeFolder(core.folder);
});

const save = (given: object, caller: typeof ana | typeof bo = ana) =>
  core.call('drafts.save', given, as(caller));
const fresh = (more: object = {}) =>
  save({ channel: 'email', subject: 'Offer', message: '<p>Hi  {{lead.name}}</p>', ...more });

it('a draft is kept whole, also half written, with who changed it and where a person opens it', async () => {
  const { draft_id, ...made } = await fresh();
  expect(made).toMatchObject({
    revision: 1,
    title: 'Offer',
    channel: 'email',
    audience_id: null,
    changed_by: 'person ana',
    url: expect.stringMatching(`^http://localhost:\\d+/drafts/${draft_id}$`),
    content: { channel: 'email', subject: 'Offer', message: '<p>Hi  {{lead.name}}</p>' },
  });
  await save({ draft_id, revision: 1, message: '<p>Hi  {{lead.name}}</p>' }, bo);
  expect(await core.call('drafts.get', { draft_id })).toMatchObject({
    revision: 2,
    title: 'Hi {{lead.name}}',
    channel: null,
    changed_by: 'key bo',
    content: { message: '<p>Hi  {{lead.name}}</p>' },
  });
  expect((await save({})).title).toBeNull();
});

it('who writes on an older revision is told whose change there is, and overwrites nobody', async () => {
  const { draft_id } = await fresh();
  await save({ draft_id, revision: 1, subject: 'Of Bo' }, bo);
  const refused = save({ draft_id, revision: 1, subject: 'Of Ana' });
  await expect(refused).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('key bo'),
  });
  await expect(refused).rejects.toThrow(/revision 2/);
  // Without a revision it is no other.
  await expect(save({ draft_id, subject: 'Of Ana' })).rejects.toMatchObject({ code: 'conflict' });
  expect((await core.call('drafts.get', { draft_id })).content).toEqual({ subject: 'Of Bo' });
  expect((await save({ draft_id, revision: 2, subject: 'Of both' })).revision).toBe(3);
});

it('of two who save at once on the same revision one is told', async () => {
  const { draft_id } = await fresh();
  const both = await Promise.allSettled(
    ['one', 'two'].map((subject) => save({ draft_id, revision: 1, subject })),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((await core.call('drafts.get', { draft_id })).revision).toBe(2);
});

it('a call that is made again, since its answer was lost, changes nothing and makes no second', async () => {
  const draft_id = '018f3f2e-0000-7000-8000-00000000d4af';
  const first = await fresh({ draft_id });
  expect(await fresh({ draft_id })).toEqual(first);
  await save({ draft_id, revision: 1, subject: 'Next' });
  expect((await save({ draft_id, revision: 1, subject: 'Next' })).revision).toBe(2);
});

it('one that was deleted comes back only as a new one; deleting spares what somebody has just written', async () => {
  const { draft_id } = await fresh();
  await save({ draft_id, revision: 1, subject: 'More' }, bo);
  await expect(core.call('drafts.delete', { draft_id, revision: 1 }, as(ana))).rejects.toMatchObject({
    code: 'conflict',
  });
  await core.call('drafts.delete', { draft_id, revision: 2 }, as(ana));
  for (const name of ['drafts.get', 'drafts.delete'])
    await expect(core.call(name, { draft_id }, as(ana))).rejects.toMatchObject({ code: 'not_found' });
  await expect(save({ draft_id, revision: 2, subject: 'Late' })).rejects.toMatchObject({ code: 'not_found' });
  expect((await save({ subject: 'Late' })).draft_id).not.toBe(draft_id);
});

it('the list is in pages, latest made first, and without texts', async () => {
  const made: string[] = [];
  for (const subject of ['a', 'b', 'c']) made.unshift((await fresh({ subject })).draft_id);
  const first = await core.call('drafts.list', { limit: 2 });
  const second = await core.call('drafts.list', { limit: 2, cursor: first.next_cursor });
  const shown = [...first.drafts, ...second.drafts];
  expect(shown.slice(0, 3).map((one) => one.draft_id)).toEqual(made);
  expect(shown[0]).not.toHaveProperty('content');
});

it('a viewer reads drafts and saves none; the audit names the draft', async () => {
  const viewer = { principal: { ...ana.principal, role: 'viewer' } };
  await expect(core.call('drafts.save', { subject: 'x' }, as(viewer as never))).rejects.toMatchObject({
    code: 'forbidden',
  });
  const { draft_id } = await fresh();
  const { entries } = await core.call('audit.list', { limit: 1 });
  expect(entries).toMatchObject([
    { who: 'person ana', operation: 'drafts.save', subject: draft_id, answer: 'done' },
  ]);
});

it('the audit has a row for a draft and whoever writes at it, not for every few words', async () => {
  const { draft_id } = await fresh();
  for (const revision of [1, 2, 3]) await save({ draft_id, revision, subject: `Of Ana ${revision}` });
  await save({ draft_id, revision: 4, subject: 'Of Bo' }, bo);
  await core.call('drafts.delete', { draft_id }, as(ana));
  const { entries } = await core.call('audit.list', { limit: 20 });
  const ours = entries.filter((one: { subject: string }) => one.subject === draft_id).toReversed();
  expect(ours.map((one: { who: string; operation: string }) => [one.who, one.operation])).toEqual([
    ['person ana', 'drafts.save'],
    ['key bo', 'drafts.save'],
    ['person ana', 'drafts.delete'],
  ]);
});

it('what cannot be of such a message is refused', async () => {
  for (const wrong of [
    { draft_id: 'new' },
    { channel: 'fax' },
    { message: 'x'.repeat(2_000_001) },
    { revision: -1 },
  ])
    await expect(save(wrong)).rejects.toMatchObject({ code: 'invalid_argument' });
});
