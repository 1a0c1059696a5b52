import type { Command } from 'commander';
import { count, counted } from '../amounts.ts';
import { TidingsError } from '../errors.ts';
import { oneLine } from '../visible.ts';
import { answer, jsonOption, more, type Options, pageOptions, type Result, type Run } from './context.ts';
import { eventTable } from './events.ts';
import { exportFile } from './export-file.ts';
import { importFile } from './import-file.ts';
import type { Output } from './output.ts';
import { showErased } from './person.ts';
import { fields } from './table.ts';

const FIELDS = ['name', 'email', 'phone', 'position', 'company', 'notes', 'status', 'origin'] as const;

/** How the filters of leads are written in the shell. */
export const FILTER_SPELLING = {
  segment_id: '--segment',
  campaign_id: '--campaign',
  assignee_id: '--assignee',
  import_id: '--import',
  lead_ids: '--lead',
  send_id: '--of-send',
  campaign: '--of-campaign',
  exclude_audience_id: '--exclude-audience',
};

export const repeated = (one: string, before: string[] = []): string[] => [...before, one];

export function filterOptions(command: Command): Command {
  return command
    .option('--status <status>', 'new, contacted, qualified, converted or lost')
    .option('--origin <text>', 'where the lead came from')
    .option('--search <text>', 'text in name, email, phone, company or position')
    .option('--search-include-notes', 'let --search look into notes too')
    .option('--segment <id>', 'metadata.segment_id')
    .option('--campaign <id>', 'metadata.campaign_id')
    .option('--assignee <id>', 'metadata.assignee_id')
    .option('--tag <tag>', 'tag, without regard to case and accents')
    .option('--country <code>', 'country of the phone number, such as MX')
    .option('--phone-prefix <digits>', 'how the phone number begins, such as +52')
    .option('--import <id>', 'an import they stand in')
    .option('--created-after <date>', 'made after this, such as 2026-11-25')
    .option('--created-before <date>', 'made before this')
    .option('--reachable <channel>', 'email or whatsapp: with a contact that is not suppressed')
    .option('--suppressed <channel>', 'email or whatsapp: with a contact that is suppressed')
    .option('--outcome <outcome>', 'of an earlier send: sent, failed, skipped, pending or not_sent')
    .option('--of-send <id>', 'the send that --outcome is about')
    .option('--of-campaign <name>', 'the campaign that --outcome is about')
    .option('--lead <id...>', 'only these leads')
    .option('--exclude-audience <id>', 'without the leads of this audience')
    .option('--where <json>', 'conditions joined by all, any and not');
}

export function readFilters(options: Options) {
  return {
    status: options['status'],
    origin: options['origin'],
    search: options['search'],
    search_include_notes: options['searchIncludeNotes'],
    segment_id: options['segment'],
    campaign_id: options['campaign'],
    assignee_id: options['assignee'],
    tag: options['tag'],
    country: options['country'],
    phone_prefix: options['phonePrefix'],
    import_id: options['import'],
    created_after: options['createdAfter'],
    created_before: options['createdBefore'],
    reachable: options['reachable'],
    suppressed: options['suppressed'],
    outcome: options['outcome'],
    send_id: options['ofSend'],
    campaign: options['ofCampaign'],
    lead_ids: options['lead'],
    exclude_audience_id: options['excludeAudience'],
    where: readJson('--where', options['where'] as string | undefined),
  };
}

function readJson(option: string, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new TidingsError('invalid_argument', `${option} is not JSON.`, {
      fix: `For example ${option} '{"field": "tag", "is": "vip"}'`,
    });
  }
}

export function addLeadCommands(program: Command, run: Run): void {
  const leads = program.command('leads').description('the people who can be messaged');

  jsonOption(
    leads
      .command('import <file>')
      .description('read leads from a CSV, XLSX or vCard file, or from standard input with -')
      .option('--preview', 'show what would be done: columns, reach, who said no; nothing is stored')
      .option('--map <pair>', "read a column as a field: 'Email - Work=email' (repeatable)", repeated)
      .option('--country <code>', 'country of phones without a country code, such as MX')
      .option('--tag <tag>', 'give each lead of it this tag (repeatable)', repeated)
      .option('--origin <text>', 'where leads come from, where the file does not say it')
      .option('--include-unconfirmed', 'let in people who never said yes; who said no stays out')
      .option('--rejects <file>', 'where rows that are not kept go (default: FILE.rejects.csv beside FILE)'),
  )
    .addHelpText(
      'after',
      `
Columns are known by their header (name, email, phone, company, …; Spanish and Portuguese too); every other
column becomes metadata. A lead that is known already, by email or else phone, is updated.

Examples:
  $ tidings leads import contacts.csv --preview
  $ tidings leads import contacts.csv --tag fair --map 'Email - Work=email'
  $ zcat contacts.csv.gz | tidings leads import - --rejects not-kept.csv`,
    )
    .action((file: string, options: Options) => run((context) => importFile(context, file, options)));

  jsonOption(pageOptions(filterOptions(leads.command('list')), 'leads'))
    .description('list leads')
    .option('--order <order>', 'oldest (default), newest, name or updated')
    .addHelpText('after', '\nExample:\n  $ tidings leads list --status qualified --search acme --limit 20')
    .action((options: Options) =>
      run((context) => {
        const input = {
          ...readFilters(options),
          order: options['order'],
          limit: options['limit'],
          cursor: options['cursor'],
        };
        return answer(context, 'leads.list', input, showLeads, FILTER_SPELLING);
      }),
    );

  jsonOption(filterOptions(leads.command('export [file]')))
    .description('write leads as CSV that imports again unchanged, to a file or to standard output')
    .addHelpText(
      'after',
      `
With all their fields, and with who must not be messaged, why and since when: imported elsewhere, the same contacts
are suppressed there.

Examples:
  $ tidings leads export leads.csv
  $ tidings leads export --tag vip - | gzip > vip.csv.gz`,
    )
    .action((file: string | undefined, options: Options) =>
      run((context) => exportFile(context, 'leads.export', readFilters(options), file, FILTER_SPELLING)),
    );

  for (const name of ['show', 'get'] as const) {
    jsonOption(pageOptions(leads.command(`${name} <lead>`), 'messages'))
      .description(
        'show one lead, by id, email or phone: what was sent to them, and whether they can be reached',
      )
      .addHelpText('after', `\nExample:\n  $ tidings leads ${name} ana@example.com`)
      .action((lead_id: string, { limit, cursor }: Options) =>
        run((context) =>
          answer(context, 'leads.get', { lead_id, limit, cursor }, showPage, { lead_id: '<lead>' }),
        ),
      );
  }

  jsonOption(leads.command('fields'))
    .description('list what a message can use, with how many leads have it')
    .option('--audience <id>', 'only the leads of this audience')
    .addHelpText('after', '\nExample:\n  $ tidings leads fields --audience ID')
    .action((options: Options) =>
      run((context) => {
        const input = { audience_id: options['audience'] };
        return answer(context, 'leads.fields', input, showFields, { audience_id: '--audience' });
      }),
    );

  jsonOption(leads.command('delete <lead>'))
    .description('erase a lead, and what was sent to it')
    .option('--and-suppress', 'never message its contacts again either, should they come back')
    .action((lead_id: string, options: Options) =>
      run((context) => {
        const input = { lead_id, and_suppress: options['andSuppress'] };
        return answer(context, 'leads.delete', input, showErased, { lead_id: '<lead>' });
      }),
    );

  const create = leads.command('create').description('add one lead');
  const update = leads.command('update <lead>').description('change a lead; an empty text clears a field');
  for (const command of [create, update]) {
    for (const field of FIELDS) command.option(`--${field} <text>`, field);
    command.option('--restore-erased', 'take back a contact that was erased, knowingly');
    jsonOption(command.option('--metadata <json>', 'free-form values as a JSON object'));
  }
  create
    .addHelpText(
      'after',
      `\nExample:\n  $ tidings leads create --name "Ana López" --email ana@example.com --metadata '{"plan": "gold"}'`,
    )
    .action((options: Options) =>
      run((context) => answer(context, 'leads.create', readFields(options), showLead, {}, 'create')),
    );
  update.action((lead_id: string, options: Options) =>
    run((context) => {
      const input = { lead_id, ...readFields(options) };
      return answer(context, 'leads.update', input, showLead, { lead_id: '<lead>' });
    }),
  );
}

function readFields(options: Options): Result {
  const given: Result = {};
  for (const field of FIELDS) {
    const value = options[field];
    if (value !== undefined) given[field] = value === '' ? null : value;
  }
  if (options['restoreErased']) given['restore_erased'] = true;
  const metadata = options['metadata'];
  if (typeof metadata === 'string') {
    try {
      given['metadata'] = JSON.parse(metadata);
    } catch {
      throw new TidingsError('invalid_argument', `--metadata is not JSON: ${metadata}`, {
        fix: `Write it as '{"plan": "gold"}'.`,
      });
    }
  }
  return given;
}

function showLeads(found: Result, output: Output): string {
  const columns = ['id', 'name', 'email', 'phone', 'company', 'status'];
  const rows = (found['leads'] as Result[]).map((lead) => columns.map((column) => lead[column]));
  const all = found['total_count'] as number | null;
  const total = all === null ? `${count(rows.length)} leads of many` : counted(all, 'lead');
  return rows.length === 0 ? total : `${output.table(columns, rows)}\n${total}${more(found)}`;
}

function showFields(found: Result, output: Output): string {
  const rows = (found['fields'] as Result[]).map(({ field, leads }) => [`{{${field}}}`, leads]);
  const looked = counted(found['looked_at'] as number, 'lead');
  const who = found['complete'] === true ? looked : `${looked}, taken from all over`;
  return `${output.table(['field', 'leads'], rows)}\n${who}`;
}

function showPage(found: Result, output: Output): string {
  const reach = Object.entries(found['reach'] as Record<string, { says: string }>);
  const said = reach.map(([channel, { says }]) => `${channel}: ${oneLine(says)}`);
  const imports = (found['imports'] as Result[]).map(
    ({ file, import_id, created_at, made_lead }) =>
      `${made_lead ? 'Made by' : 'Also in'} import ${import_id} (${file ?? 'without a name'}, ${created_at})`,
  );
  const messages = (found['messages'] as Result[]).map((one) => ({
    ...one,
    why: one['error'] ?? one['error_code'],
  }));
  const columns = ['sent_at', 'channel', 'mode', 'campaign', 'send_status', 'subject', 'why', 'send_id'];
  const rows = messages.map((one: Result) => columns.map((column) => one[column]));
  const next = found['messages_next_cursor'];
  const events = found['events'] as Result[];
  return [
    fields(found['lead'] as object),
    '',
    ...said,
    ...imports.map(oneLine),
    '',
    rows.length === 0 ? 'Nothing was sent to them.' : output.table(columns, rows),
    ...(next ? [`More: add --cursor '${next}'`] : []),
    ...(events.length === 0 ? [] : ['', eventTable(events, output)]),
  ].join('\n');
}

function showLead({ lead, warnings }: Result): string {
  const told = (warnings as string[] | undefined) ?? [];
  return [fields(lead as object), ...told.map((warning) => `Warning: ${oneLine(warning)}`)].join('\n');
}
