import type { Output } from '../../api/catalogue.ts';
import { callerWords } from '../../i18n/callers.ts';
import { clock, distance, t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { type Draft, EMPTY, fromContent } from './draft.ts';

interface ConflictProps {
  readonly theirs: Output<'drafts.get'>;
  readonly ours: Draft;
  readonly onTake: () => unknown;
  readonly onKeep: () => unknown;
}

/** Two people have written: both versions, who and when, and the choice. The other one is kept either way. */
export function Conflict({ theirs, ours, onTake, onKeep }: ConflictProps) {
  const words = t().draft;
  const other = fromContent(theirs.content);
  const fields = (Object.keys(EMPTY) as (keyof Draft)[]).filter(
    (name) => textOf(other, name) !== textOf(ours, name),
  );
  return (
    <div class="notice group" role="alert">
      <strong>
        {words.conflict(
          callerWords(theirs.changed_by),
          clock(new Date(theirs.changed_at)),
          distance(theirs.changed_at),
        )}
      </strong>
      <p>{words.conflictSays}</p>
      {fields.map((name) => (
        <div key={name} class="two">
          <Version label={`${words.fieldNames[name]}, ${words.theirs}`} text={textOf(other, name)} />
          <Version label={`${words.fieldNames[name]}, ${words.yours}`} text={textOf(ours, name)} />
        </div>
      ))}
      <div class="filters">
        <Button onClick={onTake}>{words.takeTheirs}</Button>
        <Button onClick={onKeep}>{words.keepYours}</Button>
      </div>
    </div>
  );
}

function textOf(draft: Draft, name: keyof Draft): string {
  const value = draft[name];
  return typeof value === 'string'
    ? value
    : Object.entries(value)
        .map((pair) => pair.join(': '))
        .join('\n');
}

function Version({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <p class="quiet">{label}</p>
      <p class="message-text version">{text}</p>
    </div>
  );
}
