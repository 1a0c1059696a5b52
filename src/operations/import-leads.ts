import * as z from 'zod';
import { isCountryCode } from '../core/leads/contact.ts';
import { type ImportOptions, importCsv } from '../core/leads/import-csv.ts';
import { LeadImport } from '../core/leads/import-leads.ts';
import { importReport, leadFields } from '../core/leads/lead.schema.ts';
import { importPreview } from '../core/leads/preview.schema.ts';
import { previewImport } from '../core/leads/preview-import.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Operation, operation } from './operation.ts';

const csv = z.string().min(1).max(3_500_000).describe('Text of a CSV file with a header line');
const options = {
  map: z
    .record(z.string().max(200), z.string().max(200))
    .optional()
    .describe(
      'Header → field, where a column is read wrongly: name, first_name, last_name, email, phone, company, position, notes, status, origin, country, tags, metadata.KEY or ignore',
    ),
  country: z
    .string()
    .trim()
    .toUpperCase()
    .refine(isCountryCode, 'not the code of a country, such as MX')
    .optional()
    .describe('Country of phones without a country code, where the row names none; default: DEFAULT_COUNTRY'),
  tags: z
    .array(z.string().trim().min(1).max(100))
    .max(20)
    .optional()
    .describe('Given to each lead of it, beside those it has'),
  origin: z.string().trim().min(1).max(200).optional().describe('For leads of whom the file does not say it'),
  include_unconfirmed: z
    .boolean()
    .default(false)
    .describe('Let in people who never said yes; who said no stays out. Only when the person asking says so'),
  file_name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe('What the file is called, to know the import by; no file is read by it'),
};
const fileOptions = z.object(options);

type Given = z.output<typeof fileOptions>;

export function importLeadsOperations(context: {
  ledger: Ledger;
  defaultCountry: string | null;
}): Operation[] {
  const { ledger, defaultCountry } = context;
  return [
    operation({
      name: 'leads.import',
      summary: 'Adds or updates many leads: the text of a CSV file, or up to 1,000 leads as objects.',
      effect: 'write',
      route: 'POST /leads/import',
      input: fileOptions.extend({
        csv: csv.optional(),
        leads: z.array(leadFields.partial()).min(1).max(1_000).optional().describe('Leads as objects'),
      }),
      output: importReport,
      async run(input) {
        if ((input.csv === undefined) === (input.leads === undefined)) {
          throw new TidingsError('invalid_argument', 'Give either csv or leads, and not both.');
        }
        if (input.csv !== undefined) return importCsv(context, oneChunk(input.csv), toOptions(input));
        if (input.map)
          throw new TidingsError(
            'invalid_argument',
            'map is for the columns of a file, and leads have fields.',
            {
              fix: 'Leave map out, and name the fields as they are.',
            },
          );
        const run = new LeadImport(ledger, input.country ?? defaultCountry, toOptions(input));
        await run.save(input.leads!.map((given, at) => ({ line: at + 1, input: given })));
        await run.end('completed');
        return run.report;
      },
      upload: (bytes, input, call) => importCsv(context, bytes, { ...call, ...toOptions(input as Given) }),
    }),

    operation({
      name: 'leads.preview_import',
      summary:
        'Shows what an import of a CSV would do: how its columns are read, who could be reached, who said no. Nothing is stored.',
      effect: 'read',
      route: 'POST /leads/preview-import',
      input: fileOptions.extend({ csv: csv.optional() }),
      output: importPreview,
      async run(input, { signal }) {
        if (input.csv === undefined)
          throw new TidingsError('invalid_argument', 'csv is missing.', {
            fix: 'Give the text of a CSV file, or send the file itself with Content-Type: text/csv.',
          });
        return previewImport(context, oneChunk(input.csv), {
          ...toOptions(input),
          ...(signal && { signal }),
        });
      },
      upload: (bytes, input, call) =>
        previewImport(context, bytes, { ...call, ...toOptions(input as Given) }),
    }),
  ];
}

function toOptions({
  map,
  country,
  tags,
  origin,
  include_unconfirmed,
  file_name,
}: Partial<Given>): ImportOptions {
  return {
    ...(map && { map }),
    ...(country && { country }),
    ...(tags && { tags }),
    ...(origin && { origin }),
    ...(include_unconfirmed && { includeUnconfirmed: true }),
    ...(file_name && { file: file_name }),
  };
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
