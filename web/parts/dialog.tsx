import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { ErrorNotice } from './notice.tsx';

interface DialogProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What the button says that does it. */
  readonly action: string;
  readonly kind?: 'first' | 'danger';
  readonly disabled?: boolean;
  readonly onAct: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something is done that cannot be undone. The browser keeps the focus inside, and gives it back. */
export function Dialog({ title, children, action, kind = 'first', disabled, onAct, onClose }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [error, setError] = useState<unknown>(null);
  useEffect(() => ref.current?.showModal(), []);
  const act = async (event: Event) => {
    event.preventDefault();
    try {
      await onAct();
      onClose();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={onClose}>
      <form onSubmit={act}>
        <h2 id={id}>{title}</h2>
        {children}
        {error !== null && <ErrorNotice error={error} />}
        <div class="actions">
          <Button onClick={onClose}>{t().common.cancel}</Button>
          <Button type="submit" kind={kind} disabled={disabled}>
            {action}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
