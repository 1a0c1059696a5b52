import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { fakeHost } from '../../test/support/fake-host.ts';

async function script(shell: string): Promise<string> {
  const { run, seen } = fakeHost();
  expect(await run('completion', shell)).toBe(0);
  return seen.out;
}

it.each([
  [['tidings', 'lea'], ['leads']],
  [['tidings', 'leads', 'imp'], ['import']],
  [['tidings', 'sends', 'pa'], ['pause']],
  [['tidings', 'send', '--dry'], ['--dry-run']],
  [['tidings', 'leads', 'import', 'file.csv', '--pre'], ['--preview']],
])('bash completes %j to %j', async (words, wanted) => {
  const asks = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _tidings; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${await script('bash')}\n${asks}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect([stdout.trim().split('\n'), stderr]).toEqual([wanted, '']);
});

it('zsh and fish have one each, and another shell is refused', async () => {
  expect(await script('zsh')).toContain('#compdef tidings');
  expect(await script('fish')).toContain("complete -c tidings -n '__fish_use_subcommand' -a 'init");
  expect(await fakeHost().run('completion', 'tcsh')).toBe(2);
});
