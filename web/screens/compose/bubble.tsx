import type { ComponentChildren } from 'preact';
import { clock, t } from '../../i18n/index.ts';

interface BubbleProps {
  readonly header?: { readonly kind: string; readonly text: string } | null;
  readonly body: string;
  readonly footer?: string | null;
  readonly buttons?: readonly { readonly kind: string; readonly text: string }[];
}

/** A message as WhatsApp draws it. */
export function Bubble({ header, body, footer, buttons = [] }: BubbleProps) {
  return (
    <div class="chat">
      <div class="bubble">
        {header &&
          (header.kind === 'text' ? (
            <strong>{header.text}</strong>
          ) : (
            <p class="media">
              {t().draft.media[header.kind as 'image'] ?? header.kind}
              {header.text !== '' && <small>{header.text}</small>}
            </p>
          ))}
        <p class="message-text">{drawn(body)}</p>
        {footer && <p class="quiet">{footer}</p>}
        <p class="stamp" aria-hidden="true">
          {clock(new Date()).replace(/(\d+:\d+):\d+/, '$1')} {'✓✓'}
        </p>
      </div>
      {buttons.map(({ kind, text }, at) => (
        <div key={at} class="bubble is-button">
          {SIGNS[kind] ?? ''} {text}
        </div>
      ))}
    </div>
  );
}

const SIGNS: Readonly<Record<string, string>> = { url: '↗', phone: '✆', copy_code: '⧉', quick_reply: '↩' };
const MARKS =
  /```([^`]+)```|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<!\w)_([^_\n]+)_(?!\w)|(?<![\w~])~([^~\n]+)~(?![\w~])/gu;

/** `*bold*`, `_italic_`, `~struck~` and ```` ```as typed``` ````, within each other too. */
function drawn(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let from = 0;
  for (const { 0: whole, 1: typed, 2: bold, 3: italic, 4: struck, index } of text.matchAll(MARKS)) {
    parts.push(text.slice(from, index));
    if (typed !== undefined) parts.push(<code key={index}>{typed}</code>);
    else if (bold !== undefined) parts.push(<strong key={index}>{drawn(bold)}</strong>);
    else if (italic !== undefined) parts.push(<em key={index}>{drawn(italic)}</em>);
    else parts.push(<s key={index}>{drawn(struck!)}</s>);
    from = index + whole.length;
  }
  return [...parts, text.slice(from)];
}
