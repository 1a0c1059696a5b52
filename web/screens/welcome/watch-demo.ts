import { demoCsv } from '../../../src/cli/demo-leads.ts';
import { call, upload } from '../../api/call.ts';
import { sendConfirmed } from '../../api/confirmed.ts';

export const DEMO_LEADS = 1_000;

/**
 * Sample people, an audience of them and a send into the outbox of the sandbox, by the same operations that any client
 * has. They can be found by their origin, "demo", and taken away again.
 * @returns the send
 */
export async function watchDemo(): Promise<string> {
  const parts: BlobPart[] = [];
  for await (const part of demoCsv(DEMO_LEADS)) parts.push(part as BlobPart);
  const { import_id } = await upload('leads.import', new Blob(parts), { file_name: 'demo.csv' });
  const { audience_id } = await call('audience.create', { name: 'Demo', import_id });
  const { send_id } = await sendConfirmed({
    audience_id,
    channel: 'email',
    sender: 'sandbox',
    campaign: 'demo',
    subject: '{{lead.first_name | default: "Hello"}}, a small surprise for you',
    message:
      '<h1>Hi {{lead.first_name | default: "there"}}!</h1><p>Our spring offer has come to {{lead.metadata.city | default: "your city"}}.</p>',
  });
  return send_id!;
}
