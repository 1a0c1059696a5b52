import type { ComponentChildren } from 'preact';
import { t } from '../i18n/index.ts';
import { CopyButton } from './copy.tsx';

interface EmptyProps {
  readonly title: string;
  readonly text: string;
  /** One button, or link. */
  readonly children?: ComponentChildren;
  /** The same in a shell, and to an assistant. */
  readonly cli?: string;
  readonly say?: string;
}

/** Nothing is there: what would be, and how it gets there. Shown only where it is known that there is nothing. */
export function Empty({ title, text, children, cli, say }: EmptyProps) {
  return (
    <div class="card empty">
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
      {(cli || say) && (
        <div class="say">
          {cli && (
            <div>
              <span class="quiet">{t().common.cli}</span>
              <code>{cli}</code>
              <CopyButton text={cli} />
            </div>
          )}
          {say && (
            <div>
              <span class="quiet">{t().common.assistant}</span>
              <q>{say}</q>
              <CopyButton text={say} />
            </div>
          )}
        </div>
      )}
    </div>
  );
}
