/** How a door writes what a caller can do next: core composes each sentence once, and says no command of any door. */
export interface Words {
  /** `sends.resume` → `sends resume` for a tool, `tidings sends resume` in a shell. */
  operation(name: string): string;
  /** `retry`, `failed` → `retry: "failed"` for a tool, `--retry failed` in a shell; without a value, its name. */
  argument(name: string, value?: string | true): string;
  /** The call that was made, made once more. */
  readonly sameCall: string;
}

/** A sentence, or how to make it in a door's words. */
export type Text = string | ((words: Words) => string);

/** As MCP and HTTP say it: by the names of the catalogue. */
export const PLAIN_WORDS: Words = {
  operation: (name) => name.replace('.', ' '),
  argument(name, value) {
    if (value === undefined) return name;
    return value === true ? `${name}: true` : `${name}: "${value}"`;
  },
  sameCall: 'call sendBulkMessages again with the same arguments',
};
