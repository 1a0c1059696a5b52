import { simpleParser } from 'mailparser';
import { expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { judgeMessage } from '../../src/upkeep/doctor/judge-message.ts';
import { renderSend } from '../../src/upkeep/doctor/render-send.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { FakeSender } from '../support/fake-sender.ts';

it('what a send says to its first lead can be judged before it leaves', async () => {
  const folder = freshFolder();
  const core = await openCore([new FakeSender('email')], folder);
  await core.call('leads.import', { leads: [{ name: 'Ana', email: 'ana@example.org' }] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const { send_id } = await core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'For {{lead.name}}',
    message: '<p>Hello {{lead.name}}</p>',
    attachments: [{ filename: 'a.txt', content: Buffer.from('words').toString('base64') }],
    max_wait_seconds: 0,
  });
  const config = {
    ...readConfig({ PUBLIC_URL: 'https://tidings.example.com', TIDINGS_API_KEY: 'k'.repeat(20) }),
    dataDir: folder,
    databaseUrl: databaseUrlOf(folder),
  };
  const raw = await renderSend(config, send_id);
  expect(await simpleParser(raw)).toMatchObject({
    subject: 'For Ana',
    attachments: [{ filename: 'a.txt' }],
  });
  const checks = await judgeMessage(raw, async () => null);
  expect(checks.filter(({ ok }) => ok === false)).toEqual([]);
  await expect(renderSend(config, '0199a1c2-1111-7000-8000-000000000001')).rejects.toMatchObject({
    code: 'not_found',
  });
  await core.close();
  removeFolder(folder);
});
