import { Argument, type Command } from 'commander';
import { jsonOption, type Run } from './context.ts';

/** A command, the words that may follow it, and its options. */
interface Place {
  /** `leads import`; `''` is the program. */
  readonly path: string;
  readonly words: readonly string[];
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function addCompletionCommand(program: Command, run: Run): void {
  jsonOption(program.command('completion'))
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'whose').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExample:\n  $ tidings completion bash > ~/.local/share/bash-completion/completions/tidings',
    )
    .action((shell: (typeof SHELLS)[number]) =>
      run(async ({ output }) => {
        const script = SCRIPTS[shell](placesOf(program, ''));
        output.result({ success: true, script }, () => script.trimEnd());
        return 0;
      }),
    );
}

function placesOf(command: Command, path: string): Place[] {
  const options = command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => long ?? []);
  const words = [...command.commands.map((one) => one.name()), ...options, '--help'];
  return [
    { path, words },
    ...command.commands.flatMap((one) => placesOf(one, path === '' ? one.name() : `${path} ${one.name()}`)),
  ];
}

/** The path is what is typed before the first option, as far as it is known. */
const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (places: readonly Place[]) => string>> = {
  bash: (places) => `_tidings() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    path="\${path:+$path }$word"
  done
  local words=""
  while :; do
    case "$path" in
${places.map(({ path, words }) => `      "${path}") words="${words.join(' ')}"; break ;;`).join('\n')}
      *" "*) path="\${path% *}" ;;
      *) path="" ;;
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _tidings tidings
`,
  zsh: (places) => `#compdef tidings
autoload -U +X bashcompinit && bashcompinit
${SCRIPTS.bash(places)}`,
  fish: (places) =>
    `complete -c tidings -e
${places
  .map(({ path, words }) => {
    const typed =
      path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`;
    return `complete -c tidings -n '${typed}' -a '${words.join(' ')}'`;
  })
  .join('\n')}
`,
};
