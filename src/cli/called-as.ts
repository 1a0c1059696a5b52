/** How the reader called this program: what a line to copy has to begin with, to work for them as printed. */
export function calledAs(
  env: Readonly<Record<string, string | undefined>>,
  isClone = import.meta.filename.endsWith('.ts'),
): string {
  if (isClone) return 'npm run tidings --';
  return env['npm_command'] === 'exec' ? 'npx tidings' : 'tidings';
}
