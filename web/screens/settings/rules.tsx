import type { Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { count, t } from '../../i18n/index.ts';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Table } from '../../parts/table.tsx';

type Rules = Output<'settings.get'>['rules'];
const NAMES = [
  'confirm',
  'confirm_above',
  'max_per_contact',
  'read_only',
  'default_country',
  'site_name',
  'postal_address',
  'email_footer',
  'public_url',
  'retain_messages_days',
  'events_keep_days',
  'audit_keep_days',
  'database',
] as const satisfies readonly (keyof Rules)[];

/** What the environment sets, to be looked at. */
export function RulesShown() {
  const words = t().admin;
  const { data, error } = useCall('settings.get', {});
  return (
    <section class="group">
      <h2>{words.rules}</h2>
      <p class="quiet">{words.rulesIntro}</p>
      {error !== null && <ErrorNotice error={error} />}
      {data && (
        <Table
          caption={words.rules}
          columns={[
            { name: words.rule, cell: (name) => words.ruleNames[name] },
            { name: words.value, cell: (name) => shownRule(name, data.rules) },
          ]}
          rows={NAMES.filter((name) => name !== 'confirm_above' || data.rules.confirm === 'ask')}
          keyOf={(name) => name}
        />
      )}
    </section>
  );
}

function shownRule(name: (typeof NAMES)[number], rules: Rules): string {
  const words = t().admin;
  const value = rules[name];
  if (value === null) return words.none;
  if (name === 'confirm') return words.confirms[rules.confirm];
  if (name === 'database') return value === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'number') return name.endsWith('_days') ? words.days(value) : count(value);
  return value;
}
