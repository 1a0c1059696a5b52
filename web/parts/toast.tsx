import { signal } from '@preact/signals';
import { Refused, Unreachable } from '../api/call.ts';
import { t } from '../i18n/index.ts';

const SHOWN_MS = 7_000;
const toasts = signal<readonly { readonly id: number; readonly text: string }[]>([]);
let last = 0;

/** Said once, in a corner, and read out. */
export function tell(text: string): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value, { id, text }];
  setTimeout(() => {
    toasts.value = toasts.value.filter((one) => one.id !== id);
  }, SHOWN_MS);
}

export function tellError(error: unknown): void {
  tell(wordsOf(error).join(' '));
}

/** What is wrong, and the way on. */
export function wordsOf(error: unknown): string[] {
  if (error instanceof Unreachable) return [t().common.unreachable];
  if (error instanceof Refused) return [error.message, error.fix ?? ''].filter((one) => one !== '');
  console.error(error);
  return [t().common.wentWrong];
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, text }) => (
        <div key={id}>{text}</div>
      ))}
    </div>
  );
}
