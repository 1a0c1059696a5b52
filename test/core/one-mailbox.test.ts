import { afterEach, beforeEach, expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let email: FakeSender;

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await openCore([email], folder);
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const toAll = async (more: object = {}) => {
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  return { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', ...more };
};
const reached = () => email.accepted.map(({ contact }) => contact).sort();

it('somebody who opted out is not written to by another spelling of the address, nor anybody twice', async () => {
  await core.call('suppressions.add', { channel: 'email', contact: 'Ann@example.com' });
  await core.call('suppressions.add', { channel: 'email', contact: 'bob@xn--exmple-cua.de' });
  const given = ['ann@ｅｘａｍｐｌｅ.com', 'ANN@𝐞xample.com', 'ａｎｎ@example.com.', 'bob@exämple.de'];
  const carl = ['carl@example.org', 'Carl@exam\u00adple.org', 'dora@exämple.de', 'dora@xn--exmple-cua.de'];
  for (const address of [...given, ...carl]) {
    await core.call('leads.create', { email: address }).catch(() => {});
  }
  core.dispatcher.start();
  await core.call('sendBulkMessages', { ...(await toAll()), max_wait_seconds: 20 });
  expect(reached()).toEqual(['carl@example.org', 'dora@xn--exmple-cua.de']);
});

it('an import knows people by any spelling of their address', async () => {
  const rows = [
    'email,name',
    'dora@exämple.de,Dora',
    'DORA@xn--exmple-cua.de,Dora',
    'dora@exa\u0308mple.de.,Dora',
  ];
  const report = await core.call('leads.import', { csv: rows.join('\n') });
  expect(report).toMatchObject({ rows: 3, created: 1 });
});
