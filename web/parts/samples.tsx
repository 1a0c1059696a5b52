import { useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { MailFrame } from './mail-frame.tsx';

export interface Sample {
  readonly lead_id: string;
  readonly to: string;
  readonly subject: string | null;
  readonly text: string;
  readonly html?: string;
}

/** Messages as real people will get them, by the code that sends. */
export function Samples({ samples }: { samples: readonly Sample[] }) {
  if (samples.length === 0) return null;
  return (
    <div class="group">
      <h2>{t().work.compose.samples}</h2>
      {samples.map(({ lead_id, to, subject, text, html }) => (
        <article key={lead_id} class="card">
          <p class="quiet">{to}</p>
          {subject !== null && <p>{subject}</p>}
          <p class="message-text">{text}</p>
          {html !== undefined && <AsHtml html={html} />}
        </article>
      ))}
    </div>
  );
}

/** In a frame, which is loaded when somebody looks. */
function AsHtml({ html }: { html: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t().draft.asHtml}</summary>
      {isOpen && <MailFrame html={html} title={t().draft.mail} />}
    </details>
  );
}

/** Who is left out, by reason. */
export function Skips({ skips }: { skips: Readonly<Record<string, number>> }) {
  const all = Object.entries(skips);
  if (all.length === 0) return null;
  return (
    <p>
      {t().work.approvals.skipped}:{' '}
      {all.map(([code, amount]) => `${t().reasons[code] ?? code} ${amount}`).join(' · ')}
    </p>
  );
}

interface TypedProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** Who sends to many types to how many: a click alone is soon made. */
export function TypedNumber({ label, value, onInput }: TypedProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        class="input"
        inputMode="numeric"
        autocomplete="off"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}
