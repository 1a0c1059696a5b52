import type { ComponentChildren } from 'preact';
import { wordsOf } from './toast.tsx';

interface NoticeProps {
  readonly title: string;
  readonly wrong?: boolean;
  readonly children?: ComponentChildren;
}

export function Notice({ title, wrong, children }: NoticeProps) {
  return (
    <div class={wrong ? 'notice is-wrong' : 'notice'}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** What went wrong, and the way on. */
export function ErrorNotice({ error, children }: { error: unknown; children?: ComponentChildren }) {
  const [what, ...more] = wordsOf(error);
  return (
    <div role="alert">
      <Notice title={what!} wrong>
        {more.map((one) => (
          <p key={one}>{one}</p>
        ))}
        {children}
      </Notice>
    </div>
  );
}
