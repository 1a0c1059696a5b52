import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/call.ts';
import type { Input, Output } from '../../api/catalogue.ts';
import { count, t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { MailFrame } from '../../parts/mail-frame.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Bubble } from './bubble.tsx';

type Preview = Output<'sends.preview'>;
const WAIT_MS = 400;
const LOOKS = ['desktop', 'phone', 'text'] as const;

interface PreviewProps {
  /** null: there is nothing to show yet. */
  readonly input: Input<'sends.preview'> | null;
  readonly onShown: (shown: Preview) => void;
}

/** The message as one lead after the other would get it, by the code that sends, while it is written. */
export function PreviewPane({ input, onShown }: PreviewProps) {
  const words = t().draft;
  const [position, setPosition] = useState(1);
  const [shown, setShown] = useState<Preview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const key = JSON.stringify(input);
  useEffect(() => setPosition(1), [input?.audience_id]);
  const isHalf = input !== null && isUnclosed(input);
  useEffect(() => {
    if (input === null || isHalf) return;
    const stop = new AbortController();
    const ask = async () => {
      try {
        const next = await call('sends.preview', { ...input, position }, { signal: stop.signal });
        setShown(next);
        onShown(next);
        setError(null);
      } catch (failure) {
        if (!stop.signal.aborted) setError(failure);
      }
    };
    const timer = setTimeout(ask, shown === null ? 0 : WAIT_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, position]);
  return (
    <section class="card group preview" aria-label={words.preview}>
      <h2>{words.preview}</h2>
      {input === null && <p class="quiet">{words.previewWaits}</p>}
      {isHalf && <p class="quiet">{words.unclosed}</p>}
      {input !== null && !isHalf && error !== null && <ErrorNotice error={error} />}
      {input !== null && shown && (
        <>
          <div class="filters">
            <Button
              small
              label={words.before}
              disabled={position <= 1}
              onClick={() => setPosition(position - 1)}
            >
              {'‹'}
            </Button>
            <span>
              {words.asLead(
                count(shown.position ?? position),
                count(shown.total),
                shown.name ?? words.nameless,
              )}
            </span>
            <Button
              small
              label={words.after}
              disabled={position >= shown.total}
              onClick={() => setPosition((shown.position ?? position) + 1)}
            >
              {'›'}
            </Button>
          </div>
          <p class="quiet">{shown.to ?? words.noContact}</p>
          {input.channel === 'email' ? <Mail shown={shown} /> : <Chat shown={shown} />}
          {shown.missing.length > 0 && <p class="wrong">{words.lacks(shown.missing.join(', '))}</p>}
          {shown.warnings.map((one) => (
            <p key={one} class="wrong" lang="en">
              {one}
            </p>
          ))}
        </>
      )}
    </section>
  );
}

/** In the middle of a field: there is nothing to show, and nothing wrong yet. */
function isUnclosed({ message, subject = '', preheader = '' }: Input<'sends.preview'>): boolean {
  return [message, subject, preheader].some((text) => text.lastIndexOf('{{') > text.lastIndexOf('}}'));
}

function Mail({ shown }: { shown: Preview }) {
  const words = t().draft;
  const [look, setLook] = useState<(typeof LOOKS)[number]>('desktop');
  const { html } = shown;
  return (
    <>
      <p class="inbox-line">
        {shown.from && <strong>{shown.from} </strong>}
        {shown.subject}
      </p>
      {html !== undefined && (
        <fieldset class="filters plain">
          <legend class="unseen">{words.look}</legend>
          {LOOKS.map((one) => (
            <label key={one} class="choice">
              <input type="radio" name="look" checked={look === one} onChange={() => setLook(one)} />
              {words.looks[one]}
            </label>
          ))}
        </fieldset>
      )}
      {html === undefined || look === 'text' ? (
        <p class="message-text">{shown.text}</p>
      ) : (
        <MailFrame html={html} title={words.mail} isNarrow={look === 'phone'} />
      )}
    </>
  );
}

function Chat({ shown }: { shown: Preview }) {
  const words = t().draft;
  const { template } = shown;
  if (!template) return <Bubble body={shown.text} />;
  return (
    <>
      <p class="quiet">{template.made ? words.madeFor : words.byTemplate(template.status)}</p>
      <Bubble {...template} header={template.header} />
      {template.missing.length > 0 && <p class="wrong">{words.slotsEmpty(template.missing.join(', '))}</p>}
      {template.faults.map((one) => (
        <p key={one} class="wrong" lang="en">
          {one}
        </p>
      ))}
      {template.made && (
        <>
          <p class="quiet">{words.textFor}</p>
          <Bubble body={shown.text} />
        </>
      )}
    </>
  );
}
