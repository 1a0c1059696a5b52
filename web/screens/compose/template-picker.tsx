import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Notice } from '../../parts/notice.tsx';
import { tellError } from '../../parts/toast.tsx';
import type { Draft } from './draft.ts';

type Template = Output<'templates.list'>['templates'][number];

interface PickerProps {
  readonly draft: Draft;
  readonly set: (changes: Partial<Draft>) => void;
}

/** What is sent to who did not write lately: a template of the account, with a value for each of its slots, or the text. */
export function TemplatePicker({ draft, set }: PickerProps) {
  const words = t().draft;
  const { all, notice, isLoading, reload } = useTemplates();
  const chosen = all.find(
    ({ name, language }) => name === draft.template && (draft.language === '' || language === draft.language),
  );
  if (notice && all.length === 0 && draft.template === '')
    return (
      <p class="quiet" lang="en">
        {notice}
      </p>
    );
  const choose = (key: string) => {
    const one = all.find((template) => keyOf(template) === key);
    if (!one) set({ template: '', values: {}, language: '' });
    else set(using(one, {}));
  };
  return (
    <>
      <div class="filters">
        <label class="field grow">
          <span>{words.template}</span>
          <select
            class="input"
            value={chosen ? keyOf(chosen) : draft.template}
            onChange={(event) => choose(event.currentTarget.value)}
          >
            <option value="">{words.noTemplate}</option>
            {!chosen && draft.template !== '' && (
              <option value={draft.template}>
                {draft.template}
                {isLoading ? '' : ` · ${stateOf('UNKNOWN')}`}
              </option>
            )}
            {all.map((one) => (
              <option key={keyOf(one)} value={keyOf(one)} disabled={BLOCKED.includes(one.status)}>
                {[one.name, one.language, kindOf(one.category), stateOf(one.status)].join(' · ')}
              </option>
            ))}
          </select>
        </label>
        <Button
          onClick={async () => {
            await call('templates.sync', {});
            await reload();
          }}
        >
          {words.sync}
        </Button>
      </div>
      {chosen && chosen.status !== 'APPROVED' && (
        <Notice title={words.notApproved(stateOf(chosen.status))}>
          {chosen.reason && <p>{chosen.reason}</p>}
        </Notice>
      )}
      {chosen?.slots.map((slot) => (
        <Slot
          key={slot}
          label={slotLabel(slot, chosen)}
          value={draft.values[slot] ?? ''}
          audience_id={draft.audience_id}
          onChange={(value) => set(using(chosen, { ...draft.values, [slot]: value }))}
        />
      ))}
    </>
  );
}

const PAGE = 200;
/** A list that is longer is none to choose from. */
const MOST = 2_000;

/** All templates that are known here, those that may leave first. */
function useTemplates() {
  const [state, setState] = useState<{ all: readonly Template[]; notice?: string; isLoading: boolean }>({
    all: [],
    isLoading: true,
  });
  const load = async () => {
    const all: Template[] = [];
    let page = await call('templates.list', { limit: PAGE });
    all.push(...page.templates);
    while (page.next_cursor !== null && all.length < MOST) {
      page = await call('templates.list', { limit: PAGE, cursor: page.next_cursor });
      all.push(...page.templates);
    }
    const rank = ({ status, name }: Template) => `${status === 'APPROVED' ? 0 : 1} ${name}`;
    all.sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
    setState({ all, isLoading: false, ...(page.notice !== undefined && { notice: page.notice }) });
  };
  useEffect(() => {
    load().catch(tellError);
  }, []);
  return { ...state, reload: load };
}

const BLOCKED = ['REJECTED', 'DISABLED', 'ARCHIVED', 'LIMIT_EXCEEDED', 'PENDING_DELETION', 'DELETED'];

const keyOf = ({ name, language }: Template) => `${name} ${language}`;
const kindOf = (category: string) => t().draft.categories[category as 'marketing'] ?? category;
const stateOf = (status: string) => t().draft.statuses[status as 'APPROVED'] ?? status;

/** The text says the same to those who wrote lately, and need no template. */
function using(template: Template, values: Draft['values']): Partial<Draft> {
  const fill = (text: string) =>
    text.replace(/\{\{\s*(\w+)\s*\}\}/gu, (_, slot: string) => values[slot] ?? '');
  const message = [template.body, template.footer]
    .filter((part) => part)
    .map((part) => fill(part!))
    .join('\n\n');
  return { template: template.name, language: template.language, values, message };
}

function slotLabel(slot: string, { body, buttons }: Template): string {
  const words = t().draft;
  if (slot === 'header') return words.slotHeader;
  const button = /^button\.(\d+)$/.exec(slot)?.[1];
  if (button !== undefined) return words.slotButton(buttons[Number(button) - 1]?.text ?? button);
  const at = body.search(new RegExp(`\\{\\{\\s*${slot}\\s*\\}\\}`, 'u'));
  return `{{${slot}}} … ${body.slice(Math.max(0, at - 24), at).trimStart()}▁`;
}

interface SlotProps {
  readonly label: string;
  readonly value: string;
  readonly audience_id: string;
  readonly onChange: (value: string) => void;
}

const FIELD = /^\{\{\s*([\w.]+)(?:\s*\|\s*default:\s*"([^"]*)")?\s*\}\}$/u;

/** A field of the lead with what stands there where somebody has none, or one text for everybody. */
function Slot({ label, value, audience_id, onChange }: SlotProps) {
  const words = t().draft;
  const { data } = useCall('leads.fields', { ...(audience_id !== '' && { audience_id }), look_at: 2_000 });
  const [, field = '', otherwise = ''] = FIELD.exec(value) ?? [];
  const fields = data?.fields.map((one) => one.field) ?? [];
  const write = (name: string, text: string) =>
    onChange(
      name === '' ? text : `{{${name}${text === '' ? '' : ` | default: "${text.replaceAll('"', '')}"`}}}`,
    );
  return (
    <div class="slot">
      <label class="field">
        <span>{label}</span>
        <select class="input" value={field} onChange={(event) => write(event.currentTarget.value, otherwise)}>
          <option value="">{words.ownText}</option>
          {[...new Set(field === '' ? fields : [field, ...fields])].map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{field === '' ? words.forAll : words.otherwise}</span>
        <input
          class="input"
          value={field === '' ? value : otherwise}
          onInput={(event) => write(field, event.currentTarget.value)}
        />
      </label>
    </div>
  );
}
