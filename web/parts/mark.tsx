import { t } from '../i18n/index.ts';

const SHAPES = {
  sent: '●',
  failed: '▲',
  skipped: '◌',
  pending: '○',
  unknown: '?',
  running: '▶',
  scheduled: '◷',
  paused: '❚❚',
  completed: '●',
  cancelled: '■',
} as const;
export type Status = keyof typeof SHAPES;

/** Shape and word before colour. */
export function Mark({ status, word }: { status: Status; word?: string }) {
  const words: Readonly<Record<string, string>> = { ...t().status, ...t().state };
  return (
    <span class={`mark is-${status}`}>
      <span class="shape" aria-hidden="true">
        {SHAPES[status]}
      </span>
      {word ?? words[status]}
    </span>
  );
}
