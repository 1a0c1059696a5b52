import { PLAIN_WORDS, type Words } from '../words.ts';

/** How an argument of an operation is written in the shell, where it is not `--its-name`. */
export type Spelling = Readonly<Record<string, string>>;

/** What somebody types: `tidings sends resume`, `--retry failed`. */
export function shellWords(spelling: Spelling = {}): Words {
  return {
    operation: (name) => `tidings ${PLAIN_WORDS.operation(name)}`,
    argument(name, value) {
      const option = spelling[name] ?? `--${name.replaceAll('_', '-')}`;
      return value === undefined || value === true ? option : `${option} ${value}`;
    },
    sameCall: 'run the same tidings send again',
  };
}
