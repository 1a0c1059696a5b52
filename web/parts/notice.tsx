import type { ComponentChildren } from 'preact';
import { Refused } from '../api/call.ts';
import { wordsOf } from './toast.tsx';

interface NoticeProps {
  readonly title: string;
  readonly wrong?: boolean;
  /** Of the title, where it is another than the page's. */
  readonly lang?: string | undefined;
  readonly children?: ComponentChildren;
}

export function Notice({ title, wrong, lang, children }: NoticeProps) {
  return (
    <div class={wrong ? 'notice is-wrong' : 'notice'}>
      <strong lang={lang}>{title}</strong>
      {children}
    </div>
  );
}

/** What went wrong, and the way on. */
export function ErrorNotice({ error, children }: { error: unknown; children?: ComponentChildren }) {
  const [what, ...more] = wordsOf(error);
  // The server refuses in English.
  const lang = error instanceof Refused ? 'en' : undefined;
  return (
    <div role="alert">
      <Notice title={what!} wrong lang={lang}>
        {more.map((one) => (
          <p key={one} lang={lang}>
            {one}
          </p>
        ))}
        {children}
      </Notice>
    </div>
  );
}
