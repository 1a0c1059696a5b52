import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startHttpServer } from '../src/http/server.ts';
import { openTidings } from '../src/open-tidings.ts';
import { startCloudApi } from './support/cloud-api-server.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';
import { databaseEnv } from './support/database.ts';
import { startSmtpServer } from './support/smtp-server.ts';

let folder: string;
let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
let cloud: Awaited<ReturnType<typeof startCloudApi>>;
let tidings: Awaited<ReturnType<typeof openTidings>>;
let server: Awaited<ReturnType<typeof startHttpServer>>;

beforeEach(async () => {
  folder = freshFolder();
  smtp = await startSmtpServer({});
  cloud = await startCloudApi({ token: 'secret-token' });
  const config = readConfig({
    ...databaseEnv(folder),
    PORT: '0',
    DEFAULT_COUNTRY: 'MX',
    SITE_NAME: 'Shop',
    SMTP_URL: `${smtp.url}?tls=off`,
    EMAIL_FROM: 'Shop <news@shop.example>',
    WHATSAPP_API_URL: cloud.url,
    WHATSAPP_PHONE_NUMBER_ID: '1234567890',
    WHATSAPP_ACCESS_TOKEN: 'secret-token',
    WHATSAPP_RATE: '100000',
  });
  tidings = await openTidings(config, quiet);
  tidings.dispatcher.start();
  server = await startHttpServer({ tidings, version: '0.0.0', log: quiet, ...config });
});

afterEach(async () => {
  await server.close();
  await tidings.close();
  await smtp.stop();
  await cloud.stop();
  removeFolder(folder);
});

/** 1,000 rows: 600 with both contacts, 150 without phone, 150 without email, 50 twice, 50 broken. */
function mixedCsv(): string {
  const rows = ['Nombre;Correo electrónico;Teléfono;Empresa;Ciudad'];
  const phone = (at: number) => `55 1${String(at).padStart(7, '0')}`;
  for (let at = 1; at <= 600; at++)
    rows.push(`Señor ${at} Núñez;lead${at}@example.com;${phone(at)};Acme;Mérida`);
  for (let at = 601; at <= 750; at++) rows.push(`Lead ${at};LEAD${at}@Example.com;;Acme;Mérida`);
  for (let at = 751; at <= 900; at++) rows.push(`Lead ${at};;+52 ${phone(at)};Acme;Mérida`);
  for (let at = 1; at <= 50; at++)
    rows.push(`Señor ${at} Núñez; lead${at}@EXAMPLE.com ;+52 1 ${phone(at)};Acme;Mérida`);
  for (let at = 1; at <= 20; at++) rows.push(`Broken ${at};not an address ${at};no number;Acme;Mérida`);
  for (let at = 1; at <= 30; at++) rows.push(`Too;many;fields;in;this;row ${at}`);
  return `\uFEFF${rows.join('\r\n')}\r\n`;
}

async function rest(path: string, init: RequestInit = {}) {
  const response = await fetch(`${server.url}/api${path}`, init);
  return (await response.json()) as Record<string, unknown>;
}

const post = (path: string, body: object) =>
  rest(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const importFile = () =>
  rest('/leads/import', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: mixedCsv() });

describe('the main job', () => {
  it('imports a file of 1,000 mixed rows, sends on both channels, and sends nothing new when called again', async () => {
    expect(await importFile()).toMatchObject({
      rows: 1000,
      created: 920,
      updated: 0,
      unchanged: 50,
      rejected: 30,
      // Of rows: each of them has two contacts that cannot be used.
      warnings_count: 20,
    });
    expect(await importFile()).toMatchObject({ rows: 1000, created: 0, updated: 0, rejected: 30 });

    const client = new Client({ name: 'test', version: '0' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
    const call = async (name: string, args: Record<string, unknown>) =>
      (await client.callTool({ name, arguments: args })).structuredContent as Record<string, never>;

    const audience = await call('audience', { action: 'create', name: 'Everyone' });
    expect(audience).toMatchObject({ success: true, total_count: 920, status: 'ready' });
    const { audience_id } = audience;

    const email = {
      audience_id,
      channel: 'email',
      subject: '¡Hola {{lead.first_name}}!',
      message: '<h1>Hola {{lead.name}}</h1>',
      from: 'Marketing',
    };
    const whatsapp = {
      audience_id,
      channel: 'whatsapp',
      message: 'Hola {{lead.name}} de {{lead.metadata.Ciudad}}',
    };
    const sentEmail = await call('sendBulkMessages', email);
    const sentWhatsapp = await call('sendBulkMessages', whatsapp);
    expect(sentEmail).toMatchObject({
      success: true,
      total_sent: 750,
      total_failed: 0,
      total_skipped: 170,
      total_remaining: 0,
      total_in_audience: 920,
      mode: 'live',
    });
    expect(sentWhatsapp).toMatchObject({
      success: true,
      total_sent: 750,
      total_failed: 0,
      total_skipped: 170,
      total_remaining: 0,
      total_in_audience: 920,
    });
    expect(new Set(smtp.messages.flatMap((one) => one.to)).size).toBe(750);
    expect(new Set(cloud.accepted.map((one) => one.to)).size).toBe(750);
    expect(cloud.accepted.map(({ body }) => body)).toContain('Hola Señor 1 Núñez de Mérida');

    expect(await call('sendBulkMessages', email)).toMatchObject({ total_sent: 750, state: 'completed' });
    expect(await call('sendBulkMessages', whatsapp)).toMatchObject({ total_sent: 750, state: 'completed' });
    expect([smtp.messages.length, cloud.accepted.length]).toEqual([750, 750]);

    const page = await call('audience', { action: 'get', audience_id });
    expect((page['leads'] as unknown as { send_status: string }[])[0]!.send_status).toBe('sent');
    await client.close();
  });

  it('answers the body of the contract, pasted as it is, with plain JSON', async () => {
    await importFile();
    const { audience_id } = await post('/audiences', { name: 'Everyone', search: 'lead1@example.com' });
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: '*/*' },
      body: JSON.stringify({
        method: 'tools/call',
        params: {
          name: 'sendBulkMessages',
          arguments: {
            audience_id,
            channel: 'whatsapp',
            message: 'Hi! We have a special offer for you this week.',
          },
        },
      }),
    });
    expect(response.headers.get('content-type')).toContain('application/json');
    const { result } = (await response.json()) as { result: { structuredContent: object } };
    expect(result.structuredContent).toMatchObject({
      success: true,
      audience_id,
      channel: 'whatsapp',
      total_sent: 1,
      total_failed: 0,
      total_skipped: 0,
      total_remaining: 0,
      total_in_audience: 1,
    });
  });
});
