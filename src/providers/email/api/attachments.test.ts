import { simpleParser } from 'mailparser';
import { expect, it, test } from 'vitest';
import {
  API_DIALECTS,
  API_FROM,
  type ApiName,
  startEmailApi,
} from '../../../../test/support/email-api-server.ts';
import { type AttachedFile, hashOfFile } from '../../../core/messages/attachment.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { compileMessage } from '../message/mime.ts';
import { parseEmailFrom } from '../smtp/settings.ts';
import { createApiSender } from './api-sender.ts';

const SEND = '0123456789abcdef0123456789abcdef';
const ATTEMPT = { deliveryId: `${SEND}.z`, attemptId: `${SEND}.z.1`, mayLeave: () => true };
const lead = {
  name: 'Ann',
  email: null,
  phone: null,
  position: null,
  company: null,
  notes: null,
  metadata: {},
};
const ANN = { contact: 'ann@example.org', values: { lead, site: { name: null } } };

function file(filename: string, text: string, content_id: string | null = null, size?: number): AttachedFile {
  const bytes = Buffer.from(text);
  const content_type = content_id === null ? 'application/pdf' : 'image/png';
  const content = bytes.toString('base64');
  return { filename, content_type, content_id, size: size ?? bytes.length, hash: hashOfFile(bytes), content };
}

const PDF = file('programme.pdf', '%PDF');
const LOGO = file('logo.png', 'png', 'logo');
const message = (...attachments: AttachedFile[]) => ({
  channel: 'email' as const,
  format: 'html' as const,
  body: parseMergeText('<p>Hi <img alt="" src="cid:logo"></p>'),
  subject: parseMergeText('Hi'),
  fromName: null,
  attachments,
});
const optionsFor = (apiUrl: string) => ({ from: API_FROM, ratePerSecond: null, apiUrl });

/** What is asked of a provider for one message. */
function requestOf(name: ApiName, ...attachments: AttachedFile[]) {
  const compiled = compileMessage(message(...attachments), parseEmailFrom(API_FROM));
  return API_DIALECTS[name].api(optionsFor('http://127.0.0.1:9')).request({
    from: { name: null, address: 'news@example.com' },
    replyTo: null,
    to: ANN.contact,
    attemptId: ATTEMPT.attemptId,
    hasAttachments: attachments.length > 0,
    parts: () => compiled.parts(ANN, ATTEMPT),
    mime: () => compiled.render(ANN, ANN.contact, ATTEMPT),
  });
}
const bodyOf = (name: ApiName, ...attachments: AttachedFile[]) =>
  JSON.parse(requestOf(name, ...attachments).body!);

test('Resend', () => {
  expect(bodyOf('resend', PDF, LOGO).attachments).toEqual([
    { filename: 'programme.pdf', content: PDF.content, content_type: 'application/pdf' },
    { filename: 'logo.png', content: LOGO.content, content_type: 'image/png', content_id: 'logo' },
  ]);
});

test('Postmark', () => {
  expect(bodyOf('postmark', PDF, LOGO).Attachments).toEqual([
    { Name: 'programme.pdf', Content: PDF.content, ContentType: 'application/pdf' },
    { Name: 'logo.png', Content: LOGO.content, ContentType: 'image/png', ContentID: 'cid:logo' },
  ]);
});

test('SendGrid', () => {
  expect(bodyOf('sendgrid', PDF, LOGO).attachments).toEqual([
    { filename: 'programme.pdf', content: PDF.content, type: 'application/pdf', disposition: 'attachment' },
    {
      filename: 'logo.png',
      content: LOGO.content,
      type: 'image/png',
      disposition: 'inline',
      content_id: 'logo',
    },
  ]);
});

test('Brevo', () => {
  expect(bodyOf('brevo', PDF).attachment).toEqual([{ name: 'programme.pdf', content: PDF.content }]);
});

test('Mailgun: a form in parts, as octets', async () => {
  const { bytes, contentType } = requestOf('mailgun', PDF, LOGO);
  const form = await new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: { 'content-type': contentType! },
  }).formData();
  expect(form.get('to')).toBe('ann@example.org');
  expect(form.get('o:tracking')).toBe('no');
  const [pdf, logo] = [form.get('attachment') as File, form.get('inline') as File];
  expect([pdf.name, pdf.type, await pdf.text()]).toEqual(['programme.pdf', 'application/pdf', '%PDF']);
  expect([logo.name, logo.type, await logo.text()]).toEqual(['logo', 'image/png', 'png']);
});

test('SES: within the whole message', async () => {
  const raw = Buffer.from(bodyOf('ses', PDF, LOGO).Content.Raw.Data, 'base64');
  const { attachments } = await simpleParser(raw);
  expect(attachments.map(({ filename }) => filename)).toEqual(['logo.png', 'programme.pdf']);
});

it.each([
  ['brevo', LOGO, 'Brevo shows no pictures that come with the message'],
  ['brevo', file('Übersicht.pdf', 'x'), 'Brevo takes names of files in ASCII only'],
  ['sendgrid', file('Übersicht.pdf', 'x'), 'SendGrid takes names of files in ASCII only'],
  ['postmark', file('large.pdf', 'x', null, 8_000_000), 'Postmark takes attachments of up to 7 MB'],
] as const)('what %s cannot send is refused before anything leaves', (name, attached, why) => {
  const options = optionsFor('http://127.0.0.1:9');
  const sender = createApiSender(API_DIALECTS[name].api(options), options);
  expect(() => sender.prepare(message(attached))).toThrow(why);
});

it.each(['resend', 'postmark'] as const)('%s takes them in no batch: each goes by itself', async (name) => {
  const server = await startEmailApi(name);
  const options = optionsFor(server.url);
  const sender = createApiSender(API_DIALECTS[name].api(options), options);
  const prepared = sender.prepare(message(PDF));
  const outcomes = await Promise.all(
    [1, 2, 3].map((at) => {
      const deliveryId = `${SEND}.${at}`;
      return prepared.deliver(ANN, { deliveryId, attemptId: `${deliveryId}.1`, mayLeave: () => true });
    }),
  );
  expect(outcomes.map(({ type }) => type)).toEqual(['accepted', 'accepted', 'accepted']);
  expect(server.accepted.map(({ path }) => path)).toEqual(Array(3).fill(API_DIALECTS[name].path));
  await sender.close();
  await server.stop();
});
