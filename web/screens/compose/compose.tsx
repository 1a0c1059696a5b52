import { useEffect, useState } from 'preact/hooks';
import { about } from '../../api/about.ts';
import { call, Refused } from '../../api/call.ts';
import type { Input, Output } from '../../api/catalogue.ts';
import { useCall } from '../../api/use-call.ts';
import { count, t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { tell } from '../../parts/toast.tsx';
import { navigate, query } from '../../router.ts';
import type { Screen } from '../../routes.ts';
import { Checked } from './checked.tsx';
import { type Draft, EMPTY, startDraft, toInput } from './draft.ts';
import { PreviewPane } from './preview.tsx';
import { Standing } from './standing.tsx';
import { TemplatePicker } from './template-picker.tsx';
import { useDraft } from './use-draft.ts';

/** Exactly what was checked: whatever becomes of the draft meanwhile, nothing else is sent from there. */
interface Check {
  readonly input: Input<'sendBulkMessages'>;
  readonly dryRun: Output<'sendBulkMessages'>;
  readonly revision: number;
}

/** `/drafts/new` is no draft: it becomes one with an address of its own, which can be passed on. */
const Compose: Screen = ({ id }) => {
  const audience = query.value.get('audience');
  useEffect(() => {
    if (id !== 'new') return;
    navigate(`/drafts/${startDraft()}${audience === null ? '' : `?audience=${audience}`}`, { replace: true });
  }, []);
  return id === 'new' ? null : <Writing id={id} audience={audience ?? ''} />;
};
export default Compose;

/** A message that is not yet a send, kept as it is typed; then the whole audience, dry. */
function Writing({ id, audience }: { id: string; audience: string }) {
  const words = t().work.compose;
  const { keeper, ...standing } = useDraft(id, { ...EMPTY, audience_id: audience });
  const { draft, content } = standing.local;
  const [checked, setChecked] = useState<Check | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isTesting, setTesting] = useState(false);
  const [shown, setShown] = useState<Output<'sends.preview'> | null>(null);
  const set = (changes: Partial<Draft>) => keeper.write(changes);
  const isSandbox = about.value.modes?.[draft.channel] === 'sandbox';
  const input = toInput(draft, content, isSandbox);
  const isWritten = draft.audience_id !== '' && draft.message.trim() !== '';
  const check = async (event?: Event) => {
    event?.preventDefault();
    setError(null);
    try {
      await keeper.save();
      const dryRun = await call('sendBulkMessages', { ...input, dry_run: true });
      setChecked({ input, dryRun, revision: keeper.state.peek().local.revision });
      scrollTo(0, 0);
    } catch (failure) {
      setError(failure);
    }
  };
  const sent = async (send_id: string) => {
    // What somebody has changed since stays.
    await call('drafts.delete', { draft_id: id, revision: checked!.revision }).catch(() => {});
    keeper.drop();
    navigate(`/sends/${send_id}`);
  };
  // What is written before it has come would stand beside it as somebody else's.
  if (standing.state === 'loading')
    return (
      <Page title={words.title} name={words.title}>
        <p role="status" class="quiet">
          {t().common.loading}
        </p>
      </Page>
    );
  if (checked)
    return (
      <Page title={words.checkTitle} name={draft.subject || words.checkTitle}>
        <Checked {...checked} onBack={() => setChecked(null)} onSent={sent} />
      </Page>
    );
  return (
    <Page title={words.title} name={draft.subject || words.title}>
      <Standing {...standing} keeper={keeper} />
      <div class="compose">
        <form class="group" onSubmit={check}>
          <Whom draft={draft} set={set} />
          <Words draft={draft} set={set} />
          {error !== null && <ErrorNotice error={error} />}
          <div class="filters">
            <Button type="submit" kind="first" disabled={draft.audience_id === ''}>
              {words.check}
            </Button>
            <Button disabled={!isWritten} onClick={() => setTesting(true)}>
              {words.test}
            </Button>
          </div>
        </form>
        <PreviewPane input={isWritten ? toPreview(input) : null} onShown={setShown} />
      </div>
      {isTesting && <Test input={input} as={shown} onClose={() => setTesting(false)} />}
    </Page>
  );
}

function toPreview(input: Input<'sendBulkMessages'>): Input<'sends.preview'> {
  const { campaign: _, placeholder_policy: __, tracking: ___, ...text } = input;
  return text;
}

function Words({ draft, set }: { draft: Draft; set: (changes: Partial<Draft>) => void }) {
  const words = t().work.compose;
  const isEmail = draft.channel === 'email';
  return (
    <section class="card group">
      {isEmail && (
        <>
          <Text label={words.subject} value={draft.subject} set={(subject) => set({ subject })} isWanted />
          <Text label={t().draft.preheader} value={draft.preheader} set={(preheader) => set({ preheader })} />
          <Text label={words.from} value={draft.from} set={(from) => set({ from })} />
        </>
      )}
      {!isEmail && <TemplatePicker draft={draft} set={set} />}
      {(isEmail || draft.template === '') && (
        <>
          <label class="field">
            <span>{words.message}</span>
            <textarea
              class="input"
              rows={12}
              required
              value={draft.message}
              onInput={(event) => set({ message: event.currentTarget.value })}
            />
          </label>
          <p class="quiet">{isEmail ? words.html : words.text}</p>
          <Fields audience_id={draft.audience_id} />
        </>
      )}
      <Text label={words.campaign} value={draft.campaign} set={(campaign) => set({ campaign })} />
      <p class="quiet">{words.campaignHelp}</p>
    </section>
  );
}

function Whom({ draft, set }: { draft: Draft; set: (changes: Partial<Draft>) => void }) {
  const words = t().work.compose;
  const { data, error } = useCall('audience.list', { limit: 100 });
  return (
    <section class="card group">
      <div class="filters">
        <label class="field grow">
          <span>{words.to}</span>
          <select
            class="input"
            required
            value={draft.audience_id}
            onChange={(event) => set({ audience_id: event.currentTarget.value })}
          >
            <option value="">{words.choose}</option>
            {data?.audiences.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name} · {count(one.total_count)}
              </option>
            ))}
          </select>
        </label>
        <div class="filters" role="radiogroup" aria-label={t().work.channel}>
          {(['email', 'whatsapp'] as const).map((one) => (
            <label key={one} class="choice">
              <input
                type="radio"
                name="channel"
                checked={draft.channel === one}
                onChange={() => set({ channel: one })}
              />
              {t().common[one]}
            </label>
          ))}
        </div>
      </div>
      {error !== null && <ErrorNotice error={error} />}
      {data?.audiences.length === 0 && <a href="/audiences">{t().work.audiences.make}</a>}
    </section>
  );
}

interface TextProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly isWanted?: boolean;
}

function Text({ label, value, set, isWanted = false }: TextProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        class="input"
        required={isWanted}
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
}

/** What may be put into the text, with how many leads have it. */
function Fields({ audience_id }: { audience_id: string }) {
  const words = t().work.compose;
  const { data } = useCall('leads.fields', audience_id === '' ? null : { audience_id, look_at: 2_000 });
  if (!data || data.fields.length === 0) return null;
  return (
    <details>
      <summary>{words.fields}</summary>
      <p class="quiet">{words.fieldsHelp}</p>
      <ul>
        {data.fields.slice(0, 30).map(({ field, leads }) => (
          <li key={field}>
            <code>{`{{${field}}}`}</code> <span class="quiet">{leads}</span>{' '}
            <CopyButton text={`{{${field}}}`} />
          </li>
        ))}
      </ul>
    </details>
  );
}

interface TestProps {
  readonly input: Input<'sendBulkMessages'>;
  /** Whoever the preview shows: the test is what was seen. */
  readonly as: Output<'sends.preview'> | null;
  readonly onClose: () => void;
}

function Test({ input, as, onClose }: TestProps) {
  const words = t().work.compose;
  const [to, setTo] = useState('');
  const { campaign: _, placeholder_policy: __, tracking: ___, ...message } = input;
  return (
    <Dialog
      title={words.test}
      action={words.test}
      disabled={to.trim() === ''}
      onAct={async () => {
        const whose = as ? { lead_id: as.lead_id } : {};
        const { success, error } = await call('sends.test', { ...message, ...whose, to: [to.trim()] });
        if (!success) throw new Refused(error === undefined ? {} : { error }, 200);
        tell(words.tested);
      }}
      onClose={onClose}
    >
      {as && <p>{t().draft.testAs(as.name ?? t().draft.nameless)}</p>}
      <Text label={words.testTo} value={to} set={setTo} isWanted />
    </Dialog>
  );
}
