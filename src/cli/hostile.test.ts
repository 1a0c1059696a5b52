import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { fakeHost, ID } from '../../test/support/fake-host.ts';
import { TidingsError } from '../errors.ts';
import { createLog } from '../log/create-log.ts';
import { operation } from '../operations/operation.ts';
import { visible } from '../visible.ts';

/** All that a terminal acts on: a title, a cleared screen, colours by C1, other directions, lines that end unseen. */
const HOSTILE = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
  '\u001b]0;TITLE\u0007\u001b[2J\u001b[31mred',
  ...Array.from({ length: 33 }, (_, at) => String.fromCharCode(0x7f + at)),
  '\u2028\u2029\u202a\u202b\u202c\u202d\u202eEVIL\u2066\u2067\u2068\u2069',
].join('');
const TRUE_LINE = `${HOSTILE}\r\nError: a line that is not ours`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
const OURS = /\u001b\[(1|2|22|31|32|33|36|39)m/g;

const record = {
  ...{ role: TRUE_LINE, expires_at: TRUE_LINE, last_used_at: TRUE_LINE, daily: 1 },
  ...{ id: ID, lead_id: ID, send_id: ID, audience_id: ID, state: 'paused', mode: 'live', status: TRUE_LINE },
  ...{ name: TRUE_LINE, audience_name: TRUE_LINE, email: TRUE_LINE, phone: TRUE_LINE, company: TRUE_LINE },
  ...{ contact: TRUE_LINE, channel: TRUE_LINE, campaign: TRUE_LINE, subject: TRUE_LINE, reason: TRUE_LINE },
  ...{ to: TRUE_LINE, from: TRUE_LINE, text: HOSTILE, error: TRUE_LINE, error_code: TRUE_LINE },
  ...{ send_status: TRUE_LINE, send_error: TRUE_LINE, code: TRUE_LINE, message: TRUE_LINE, count: 1 },
  ...{
    created_at: TRUE_LINE,
    completed_at: TRUE_LINE,
    notes: TRUE_LINE,
    metadata: { [TRUE_LINE]: TRUE_LINE },
  },
  ...{ total_sent: 1, total_failed: 1, total_skipped: 1, total_remaining: 1, total_in_audience: 4 },
  ...{
    paused_reason: TRUE_LINE,
    waiting_for: [{ what: 'rate', leads: 1, since: TRUE_LINE, reason: TRUE_LINE }],
    next_step: TRUE_LINE,
    notice: TRUE_LINE,
  },
  ...{
    seconds_left: null,
    total_unknown: 1,
    page: 1,
    total_pages: 1,
    total_count: 1,
    next_cursor: TRUE_LINE,
  },
};
const TEMPLATE = {
  ...record,
  ...{ language: TRUE_LINE, category: TRUE_LINE, header: TRUE_LINE, body: HOSTILE, footer: TRUE_LINE },
  ...{
    buttons: [{ type: TRUE_LINE, text: TRUE_LINE }],
    slots: [TRUE_LINE],
    faults: [TRUE_LINE],
    problem: TRUE_LINE,
    quality: TRUE_LINE,
  },
};
const APPROVAL = { code: TRUE_LINE, recipients: 3, expires_at: TRUE_LINE };
const ANSWER = {
  ...{ success: true, ...record, state: 'completed', lead: record, leads: [record], example_leads: [record] },
  ...{
    audiences: [record],
    fields: [{ field: TRUE_LINE, leads: 1 }],
    sends: [record],
    deliveries: [record],
    approvals: [{ ...record, approval: APPROVAL, asked_by: TRUE_LINE, would_send: 3 }],
    approval: APPROVAL,
    missing: [TRUE_LINE],
    ...{ drafts: [record], content: record, url: TRUE_LINE, changed_at: TRUE_LINE, changed_by: TRUE_LINE },
    messages: [record],
    ...{ skips: { [TRUE_LINE]: 1 }, samples: [record], estimate: { seconds: 1 }, confirm: TRUE_LINE },
    entries: [record],
    ...{ key: TRUE_LINE, link: TRUE_LINE, keys: [record], users: [record] },
    ...{ apps: [record], app_id: ID, host: TRUE_LINE, person: TRUE_LINE },
    imports: [record],
    import: record,
    report: {
      columns: { [TRUE_LINE]: TRUE_LINE },
      rejects: [{ line: 2, reason: TRUE_LINE }],
      asks: [{ column: TRUE_LINE, value: TRUE_LINE, count: 1, reason: TRUE_LINE }],
      notices: [TRUE_LINE],
    },
    csv: visible(TRUE_LINE),
    suppressions: [record],
    events: [{ ...record, type: TRUE_LINE, occurred_at: TRUE_LINE }],
    history: [record],
  },
  ...{ stopped: { since: TRUE_LINE, by: TRUE_LINE }, sends_paused: 1, sends_resumed: 1 },
  reach: { email: { reachable: 1, suppressed: 1, without_contact: 1, says: TRUE_LINE } },
  ...{ entry: record, top_errors: [record], warnings: [TRUE_LINE] },
  ...{
    template: TEMPLATE,
    templates: [TEMPLATE],
    found: 1,
    gone: 1,
    changes: [TRUE_LINE],
    waiting_for: [{ what: 'template_approval', leads: 1, since: TRUE_LINE, reason: TRUE_LINE }],
    by_way: { text: 1, template: 1 },
  },
};

const folder = mkdtempSync(join(tmpdir(), 'tidings-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const csv = join(folder, 'people.csv');
writeFileSync(csv, 'name\nbad\n');
const mail = join(folder, 'bounce.eml');

writeFileSync(
  mail,
  `Return-Path: <>\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; boundary=x\n\n--x\n` +
    `Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; ann@example.org${HOSTILE}\n` +
    `Action: failed\nStatus: 5.1.1 (${HOSTILE})\nDiagnostic-Code: smtp; 550 ${HOSTILE}\n\n--x--\n`,
);

const OPERATIONS = [
  ...[
    'leads.list',
    'leads.get',
    'leads.create',
    'leads.update',
    'leads.delete',
    'leads.fields',
    'leads.export',
    'events.list',
    'channels.list',
    'channels.check',
    'settings.get',
    'outbox.list',
    'outbox.get',
  ],
  ...[
    'audience.create',
    'audience.count',
    'audience.list',
    'audience.get',
    'audience.delete',
    'sendBulkMessages',
  ],
  ...[
    'sends.list',
    'sends.get',
    'sends.deliveries',
    'sends.export',
    'sends.pause',
    'sends.resume',
    'sends.cancel',
    'sends.test',
    'sends.preview',
    'sends.stop_all',
    'audit.list',
    'sends.start_all',
    'sends.approvals',
    'sends.approve',
    'sends.reject',
  ],
  ...[
    'suppressions.list',
    'suppressions.add',
    'suppressions.remove',
    'suppressions.history',
    'suppressions.export',
  ],
  ...['imports.list', 'imports.get', 'imports.rows', 'imports.undo'],
  ...['person.export', 'person.erase'],
  ...['list', 'get', 'create', 'sync', 'delete'].map((verb) => `templates.${verb}`),
  ...['list', 'get', 'save', 'delete'].map((verb) => `drafts.${verb}`),
  ...['create', 'list', 'revoke'].map((verb) => `keys.${verb}`),
  ...['add', 'list', 'role', 'link', 'remove'].map((verb) => `users.${verb}`),
];

const COMMANDS: readonly (readonly string[])[] = [
  ...[
    ['init'],
    ['completion', 'bash'],
    ['config'],
    ['serve'],
    ['worker'],
    ['mcp'],
    ['demo'],
    ['doctor'],
    ['doctor', '--send', ID],
    ['restored'],
    ['backup', TRUE_LINE],
  ],
  ['restored', '--reached', TRUE_LINE],
  ['migrate', '--from', TRUE_LINE, '--to', `postgres://127.0.0.1:1/${TRUE_LINE}`],
  ['leads', 'import', csv],
  ['leads', 'list'],
  ['leads', 'fields'],
  ['leads', 'export'],
  ...['get', 'show', 'delete', 'update'].map((verb) => ['leads', verb, ID]),
  ['imports', 'list'],
  ...['get', 'undo'].map((verb) => ['imports', verb, ID]),
  ['leads', 'create', '--name', TRUE_LINE],
  ['leads', 'create', '--metadata', TRUE_LINE],
  ...[
    ['audience', 'create'],
    ['audience', 'count'],
    ['audience', 'list'],
    ...['get', 'delete'].map((verb) => ['audience', verb, ID]),
  ],
  ['send', '--audience', ID, '--channel', 'email', '--message', 'Hi'],
  ['send', '--audience', ID, '--channel', 'email', '--message', 'Hi', '--test-to', TRUE_LINE],
  ['send', '--audience', ID, '--channel', 'email', '--message', 'Hi', '--dry-run'],
  ['send', '--audience', ID, '--channel', 'email', '--message', 'Hi', '--preview'],
  ['sends', 'resume', ID, '--dry-run'],
  ['sends', 'list'],
  ['sends', 'approvals'],
  ['sends', 'approve', 'K7QX-2M4P', '--count', '3'],
  ['sends', 'reject', 'K7QX-2M4P', '--reason', 'No'],
  ...['get', 'deliveries', 'export', 'pause', 'resume', 'cancel'].map((verb) => ['sends', verb, ID]),
  ...[
    ['templates', 'list'],
    ['templates', 'get', TRUE_LINE],
    ['templates', 'create', '--message', TRUE_LINE],
    ['templates', 'sync'],
    ['templates', 'delete', TRUE_LINE],
    ['send', '--template', TRUE_LINE, '--template-value', TRUE_LINE],
  ],
  ...[
    ['suppressions', 'list'],
    ['suppressions', 'import', csv],
    ['suppressions', 'export'],
    ['suppressions', 'add', TRUE_LINE],
    ['suppressions', 'remove', TRUE_LINE],
    ['suppressions', 'history', TRUE_LINE],
  ],
  ['drafts', 'list'],
  ['drafts', 'save', '--message', TRUE_LINE],
  ...['get', 'delete'].map((verb) => ['drafts', verb, ID]),
  ['bounces', 'read', mail],
  ['bounces', 'read', mail, mail],
  ['bounces', 'read', TRUE_LINE],
  ['dkim', 'create', '--domain', TRUE_LINE],
  ['dkim', 'create', '--domain', 'x.example', '--selector', TRUE_LINE],
  ['dkim', 'create', '--domain', 'x.example', '--out', join(csv, TRUE_LINE)],
  ['events', 'list'],
  ...[['channels', 'list'], ['channels', 'check'], ['rules']],
  ['outbox', 'list'],
  ['outbox', 'get', ID],
  ['person', 'export', TRUE_LINE],
  ['person', 'erase', TRUE_LINE],
  ['keys', 'create', '--name', TRUE_LINE, '--role', TRUE_LINE],
  ['keys', 'list'],
  ['apps', 'list'],
  ['apps', 'revoke', TRUE_LINE],
  ['stop-all'],
  ['audit', 'list'],
  ['start-all'],
  ['keys', 'revoke', TRUE_LINE],
  ['users', 'add', TRUE_LINE, '--role', TRUE_LINE],
  ['users', 'list'],
  ['users', 'role', TRUE_LINE, '--role', TRUE_LINE],
  ...['link', 'remove'].map((verb) => ['users', verb, TRUE_LINE]),
  ...[
    [TRUE_LINE],
    ['leads', TRUE_LINE],
    ['leads', 'list', `--${TRUE_LINE}`],
    ['leads', 'get', ID, TRUE_LINE],
  ],
  ['leads', 'list', '--limit', TRUE_LINE],
  ['leads', 'import', TRUE_LINE],
  ['send', '--message-file', TRUE_LINE],
];

function hostile(refuses: boolean) {
  const fake = fakeHost();
  const refusal = new TidingsError('conflict', TRUE_LINE, { fix: TRUE_LINE });
  const answer = async () => {
    if (refuses) throw refusal;
    return ANSWER;
  };
  const common = {
    summary: '',
    effect: 'read',
    input: z.looseObject({}),
    output: z.looseObject({}),
  } as const;
  const operations = OPERATIONS.map((name) =>
    operation({ ...common, name, route: `GET /${name}`, run: answer }),
  );
  const imported = fake.tidings.operations.find(({ name }) => name === 'leads.import')!;
  const told = [{ line: 2, reason: TRUE_LINE }];
  const upload: NonNullable<typeof imported.upload> = async (...given) => ({
    ...((await imported.upload!(...given)) as object),
    rejects: told,
    warnings: told,
    warnings_count: 1,
  });
  const list: typeof upload = async (bytes) => {
    for await (const _ of bytes);
    if (refuses) throw refusal;
    return { rows: 2, created: 1, unchanged: 0, rejected: 1, by_reason: { bounced: 1 }, rejects: told };
  };
  const uploads = [
    { ...imported, upload },
    { ...imported, name: 'suppressions.import', upload: list },
  ];
  Object.assign(fake.tidings, { operations: [...operations, ...uploads] });
  const refuse = () => Promise.reject(refusal);
  Object.assign(fake.host, { serve: refuse, work: refuse, mcp: refuse, openDemo: refuse });
  const check = { name: 'email', ok: false, detail: TRUE_LINE, fix: TRUE_LINE };
  Object.assign(fake.host, {
    doctor: async () => ({ checks: [check] }),
    judge: async () => ({ checks: [check] }),
    backUp: async () => ({ file: TRUE_LINE, bytes: 1, madeAt: TRUE_LINE }),
    restored: async () => ({ held: true, message: TRUE_LINE, fix: TRUE_LINE, unfinished: [TRUE_LINE] }),
    reached: async () => ({ named: 1, marked: [{ send_id: TRUE_LINE, deliveries: TRUE_LINE }] }),
  });
  return fake;
}

describe('nothing that strangers wrote reaches the terminal as it is', () => {
  test.each([
    ['answered', false],
    ['refused', true],
  ])('when a command is %s, in a pipe, on a terminal and as JSON', async (_, refuses) => {
    for (const argv of COMMANDS) {
      for (const [isTTY, json] of [
        [false, false],
        [true, false],
        [false, true],
      ]) {
        const { run, seen, host } = hostile(refuses);
        // Bars belong to another program, and move the cursor as they must.
        host.stdout.isTTY = isTTY!;
        Object.assign(host.stdout, { columns: 80 });
        await run(...argv, ...(json ? ['--json'] : []));
        const printed = seen.out + seen.err;
        expect(printed, `${argv}`).not.toBe('');
        expect(RAW.exec(isTTY ? printed.replaceAll(OURS, '') : printed), JSON.stringify(argv)).toBeNull();
        if (!isTTY) expect(printed.includes('\u001b'), `${argv}`).toBe(false);
        if (json && argv[0] !== 'serve') JSON.parse(seen.out);
      }
    }
  });

  test('in any command that there is', async () => {
    const commandsOf = async (...group: string[]) => {
      const { run, seen } = fakeHost();
      await run(...group, '--help');
      const listed = seen.out.split('Commands:')[1] ?? '';
      return [...listed.matchAll(/^ {2}([a-z]+) /gm)]
        .map(([, name]) => name!)
        .filter((name) => name !== 'help');
    };
    const known = new Set(COMMANDS.map((argv) => argv.slice(0, 2).join(' ')));
    for (const name of await commandsOf()) {
      const below = await commandsOf(name);
      if (below.length === 0)
        expect(
          [...known].some((one) => one.split(' ')[0] === name),
          name,
        ).toBe(true);
      for (const verb of below) expect(known, `${name} ${verb}`).toContain(`${name} ${verb}`);
    }
  });
});

describe('what a terminal would act on', () => {
  test('is shown: controls as their pictures, others by number', () => {
    expect(visible('a\u001b[2Jb\u007f\u009b1m\u202ec\td\r\ne\rf')).toBe('a␛[2Jb␡<U+009B>1m<U+202E>c d\ne␍f');
  });

  test('cannot add a line to a table, a check or an error', async () => {
    for (const argv of [
      ['doctor'],
      ['audience', 'get', ID],
      ['suppressions', 'add', 'x'],
      ['sends', 'get', ID],
    ]) {
      const { run, seen } = hostile(false);
      await run(...argv);
      expect(seen.out, `${argv}`).not.toMatch(/^Error: a line/m);
    }
    const { run, seen } = hostile(true);
    await run('leads', 'list');
    expect(seen.err).not.toMatch(/^Error: a line/m);
  });

  test('is escaped in a log line, which is still the same JSON', () => {
    let line = '';
    const write = (text: string) => {
      line += text;
    };
    createLog('info', { write }).info({ said: TRUE_LINE }, 'hello');
    expect(RAW.exec(line)).toBeNull();
    expect(JSON.parse(line)).toMatchObject({ said: TRUE_LINE, msg: 'hello' });
  });
});
