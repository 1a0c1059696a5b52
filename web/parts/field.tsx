import { useId } from 'preact/hooks';

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly type?: 'text' | 'password';
  readonly value?: string | undefined;
  readonly placeholder?: string;
  readonly autoComplete?: string;
  readonly required?: boolean;
  /** Lines; more than one makes it a text area. */
  readonly lines?: number;
  readonly onInput?: (value: string) => void;
}

/** One line, or several, with its label above. */
export function Field({ name, label, hint, lines = 1, value, onInput, type = 'text', ...rest }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  const input = (event: Event) => onInput?.((event.currentTarget as HTMLInputElement).value);
  const described = hint === undefined ? {} : { 'aria-describedby': hintId };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {lines > 1 ? (
        <textarea
          id={id}
          name={name}
          class="input"
          rows={lines}
          defaultValue={value}
          onInput={input}
          {...described}
        />
      ) : (
        <input
          id={id}
          name={name}
          class="input"
          type={type as 'text'}
          defaultValue={value}
          onInput={input}
          {...described}
          {...rest}
        />
      )}
      {hint !== undefined && (
        <span id={hintId} class="quiet">
          {hint}
        </span>
      )}
    </div>
  );
}

interface ChooseProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChange: (value: string) => void;
  /** Where it stands in a line with others, its label is for readers alone. */
  readonly isBare?: boolean;
}

export function Choose({ label, value, options, onChange, isBare }: ChooseProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={isBare ? 'unseen' : ''}>
        {label}
      </label>
      <select id={id} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
