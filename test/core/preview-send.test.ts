import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveFound } from '../../src/core/templates/template.store.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let core: Awaited<ReturnType<typeof openCore>>;
let audience_id: string;
let ids: string[];
const asked: string[] = [];

beforeAll(async () => {
  const whatsapp = new FakeSender('whatsapp');
  const templates = new Proxy({}, { get: (_, name) => () => asked.push(String(name)) });
  core = await openCore([
    Object.assign(whatsapp, { account: { id: '1', templates, limits: async () => ({}) } }) as never,
  ]);
  const leads = [
    { name: 'Ana <Ruiz>', email: 'Ana@Example.com', phone: '+525512345601', metadata: { code: 'A 1' } },
    { name: 'Bo', email: 'bo@example.com' },
    { email: 'cy@example.com', phone: '+525512345603' },
  ];
  ids = [];
  for (const lead of leads) ids.push((await core.call('leads.create', lead)).lead.id);
  ({ audience_id } = await core.call('audience.create', { name: 'All' }));
  await core.ledger.write((tx) =>
    saveFound(
      tx,
      'fake:whatsapp',
      {
        ...{
          providerId: '9',
          name: 'offer',
          status: 'APPROVED',
          category: 'marketing',
          reason: null,
          quality: null,
        },
        content: {
          language: 'es',
          header: { kind: 'image' },
          body: 'Hola {{1}}, hoy {{2}}.',
          footer: 'Acme',
          buttons: [{ kind: 'url', text: 'Ver', url: 'https://acme.example/{{1}}' }],
        },
      },
      Date.now(),
    ),
  );
});
afterAll(async () => {
  await core.close();
  removeFolder(core.folder);
});

const email = (more: object = {}) =>
  core.call('sends.preview', {
    audience_id,
    channel: 'email',
    subject: 'Hi {{lead.first_name | default: "you"}}',
    message: '<p>Dear {{lead.name}}</p>',
    ...more,
  });
const whatsapp = (more: object = {}) =>
  core.call('sends.preview', {
    audience_id,
    channel: 'whatsapp',
    message: 'Hola {{lead.name}}, bienvenida a la tienda',
    ...more,
  });

describe('a preview of an email', () => {
  it('is what would be sent to that lead: values are no HTML, the text part is made, and places count from 1', async () => {
    expect(await email()).toMatchObject({
      name: 'Ana <Ruiz>',
      position: 1,
      total: 3,
      to: 'ana@example.com',
      subject: 'Hi Ana',
      html: expect.stringContaining('Dear Ana &lt;Ruiz&gt;'),
      text: expect.stringContaining('Dear Ana <Ruiz>'),
      missing: [],
    });
    expect(await email({ position: 2 })).toMatchObject({ name: 'Bo', position: 2 });
    expect(await email({ lead_id: ids[2] })).toMatchObject({
      name: null,
      position: null,
      subject: 'Hi you',
      missing: ['lead.name'],
    });
  });

  it('stands while there is no subject yet, and passes over who was erased', async () => {
    expect((await email({ subject: undefined })).subject).toBe('…');
    const { lead } = await core.call('leads.create', { name: 'Gone', email: 'gone@example.com' });
    const { audience_id } = await core.call('audience.create', { name: 'One', lead_ids: [lead.id, ids[0]] });
    const { position } = await email({ audience_id, lead_id: undefined });
    expect(position).toBe(1);
    await core.call('leads.delete', { lead_id: lead.id });
    expect(await email({ audience_id })).toMatchObject({ position: 1, name: 'Ana <Ruiz>' });
    await expect(email({ audience_id, position: 2 })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('says what is wrong with the text, and nothing is stored by it', async () => {
    await expect(email({ message: 'Hi {{lead.name' })).rejects.toMatchObject({ code: 'invalid_template' });
    await expect(email({ position: 9 })).rejects.toMatchObject({ code: 'conflict' });
    expect((await core.call('sends.list', {})).sends).toEqual([]);
    expect((await core.call('outbox.list', {})).entries).toEqual([]);
  });
});

describe('a preview of a WhatsApp message', () => {
  it('shows a named template part by part, also while slots are empty, and names them', async () => {
    const use = {
      template: { name: 'offer' },
      template_values: { 1: '{{lead.first_name}}', 'button.1': '{{lead.metadata.code}}' },
    };
    expect((await whatsapp(use)).template).toMatchObject({
      ...{ name: 'offer', language: 'es', status: 'APPROVED', made: false },
      header: { kind: 'image', text: '' },
      body: 'Hola Ana, hoy .',
      footer: 'Acme',
      buttons: [{ kind: 'url', text: 'Ver' }],
      missing: ['header', '2'],
    });
    expect((await whatsapp({ ...use, position: 3 })).template.missing).toEqual([
      'header',
      '1',
      '2',
      'button.1',
    ]);
  });

  it('shows the one that would be made of the text, with what Meta would refuse in it', async () => {
    expect(await whatsapp({ language: 'es' })).toMatchObject({
      to: '+525512345601',
      text: 'Hola Ana <Ruiz>, bienvenida a la tienda',
      template: {
        made: true,
        language: 'es',
        status: 'DRAFT',
        body: 'Hola Ana <Ruiz>, bienvenida a la tienda',
        faults: [],
      },
    });
    const { template } = await whatsapp({ language: 'es', message: '{{lead.name}}' });
    expect(template.faults.length).toBeGreaterThan(0);
    expect((await whatsapp({ position: 2 })).to).toBeNull();
  });

  it('asks no provider, and tells when no such template is known', async () => {
    await expect(whatsapp({ template: { name: 'ofer' } })).rejects.toMatchObject({ code: 'not_found' });
    expect(asked).toEqual([]);
  });
});
