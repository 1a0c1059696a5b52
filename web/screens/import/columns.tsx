import { count, language, percent, t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Choose } from '../../parts/field.tsx';
import { Notice } from '../../parts/notice.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import type { Mapping, Preview } from './import.tsx';

type FileColumn = Preview['columns'][number];
const FIELDS = [
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'company',
  'position',
  'notes',
  'status',
  'origin',
  'tags',
] as const;
const COUNTRIES = 'AR BO BR CA CL CO CR CU DE DO EC ES FR GB GT HN IN IT MX NI PA PE PT PY SV US UY VE'.split(
  ' ',
);

interface ColumnsProps {
  readonly preview: Preview | null;
  readonly map: Mapping;
  readonly country: string;
  /** Part of the file that has left, 0 to 1; null: it does not leave yet. */
  readonly progress: number | null;
  readonly onChange: (map: Mapping, country: string) => void;
  readonly onStart: () => Promise<void>;
  readonly onAgain: () => void;
}

/** Each column with real values of the file, and what is kept of them. */
export function Columns({ preview, map, country, progress, onChange, onStart, onAgain }: ColumnsProps) {
  const words = t().import;
  const fresh = preview ? preview.rows - preview.known - preview.rejected - preview.duplicates : 0;
  return (
    <>
      {preview && (
        <>
          <div class="card sample">
            <p>
              <span class="quiet">{words.sample(count(preview.rows))}</span> <strong>{count(fresh)}</strong>{' '}
              {words.new} · <strong>{count(preview.known)}</strong> {words.known} ·{' '}
              <strong>{count(preview.rejected)}</strong> {words.rejected}
            </p>
            <p>
              {(['email', 'whatsapp'] as const).map((channel) => (
                <span key={channel} class="reached">
                  {t().common[channel]}{' '}
                  <strong>{percent(preview.reach[channel].reachable, preview.rows)}</strong>
                </span>
              ))}
            </p>
            <Choose
              label={words.country}
              value={country}
              options={[['', words.countryNone], ...COUNTRIES.map((one) => [one, countryName(one)] as const)]}
              onChange={(next) => onChange(map, next)}
            />
          </div>
          <Findings preview={preview} />
          <Table
            caption={words.steps.columns}
            columns={columnsFor(map, (column, field) => onChange({ ...map, [column]: field }, country))}
            rows={preview.columns}
            keyOf={({ column }) => column}
          />
        </>
      )}
      <div class="actions">
        <Button kind="first" disabled={preview === null || progress !== null} onClick={onStart}>
          {progress === null ? words.startCount : words.sending}
        </Button>
        <Button disabled={progress !== null} onClick={onAgain}>
          {words.another}
        </Button>
        {progress !== null && <progress value={progress} aria-label={words.sending} />}
      </div>
    </>
  );
}

function columnsFor(
  map: Mapping,
  set: (column: string, field: string) => void,
): readonly Column<FileColumn>[] {
  const words = t().import;
  return [
    { name: words.column, cell: ({ column }) => <strong>{column}</strong> },
    {
      name: words.becomes,
      cell: ({ column, field }) => (
        <Choose
          isBare
          label={`${column} ${words.becomes}`}
          value={map[column] ?? (field === 'ignored' ? 'ignore' : field)}
          options={fieldOptions(column, field)}
          onChange={(next) => set(column, next)}
        />
      ),
    },
    {
      name: words.values,
      cell: ({ samples }) => (
        <ul class="samples">
          {samples.slice(0, 3).map(({ given, kept }, at) => (
            <li key={at}>
              {given === kept || kept === null ? (
                <>
                  {given}
                  {kept === null && <span class="quiet"> ▲</span>}
                </>
              ) : (
                <>
                  <span class="quiet">{given} →</span> {kept}
                </>
              )}
            </li>
          ))}
        </ul>
      ),
    },
  ];
}

/** A column whose words say yes or no to messages is read as that: it can be left as it is, or be something else. */
function fieldOptions(column: string, field: string): readonly (readonly [string, string])[] {
  const words = t().import;
  const { leads, lead } = t();
  const names: Readonly<Record<(typeof FIELDS)[number], string>> = {
    name: leads.name,
    first_name: lead.firstName,
    last_name: lead.lastName,
    email: leads.email,
    phone: leads.phone,
    company: leads.company,
    position: lead.position,
    notes: lead.notes,
    status: leads.status,
    origin: leads.origin,
    tags: lead.tags,
  };
  const own = `metadata.${column
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')}`;
  const known = new Map<string, string>(FIELDS.map((one) => [one, names[one]]));
  known.set(
    field.startsWith('metadata.') ? field : own,
    `${words.metadata}: ${field.startsWith('metadata.') ? field.slice(9) : own.slice(9)}`,
  );
  known.set('ignore', words.ignore);
  if (field !== 'ignored' && !known.has(field))
    known.set(field, field.startsWith('consent') ? words.consent : field);
  return [...known];
}

/** Who said no in this file, what is asked back, and what was noticed. */
function Findings({ preview }: { preview: Preview }) {
  const words = t().import;
  const no = Object.entries(preview.said_no);
  const lines = [
    ...no.map(([reason, rows]) => `${t().reasons[reason] ?? reason}: ${count(rows)}, ${words.consent}`),
    ...preview.asks.map(
      ({ column, value, reason }) => `${column} “${value}” ${words.readAs} ${t().reasons[reason] ?? reason}`,
    ),
    ...preview.notices,
    ...preview.rejects.slice(0, 5).map(({ line, reason }) => `${words.line} ${line}: ${reason}`),
    ...preview.warnings.slice(0, 5).map(({ line, reason }) => `${words.line} ${line}: ${reason}`),
  ];
  if (lines.length === 0) return null;
  return (
    <Notice title={words.warnings}>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </Notice>
  );
}

function countryName(code: string): string {
  return new Intl.DisplayNames(language.value, { type: 'region' }).of(code) ?? code;
}
