import { useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';

export function CopyButton({ text }: { text: string }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2_000);
  };
  return (
    <button
      type="button"
      class="button is-plain is-small"
      onClick={copy}
      aria-label={`${t().common.copy}: ${text}`}
    >
      {isDone ? t().common.copied : t().common.copy}
    </button>
  );
}
