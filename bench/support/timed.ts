import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a rival's program; it prints its own seconds, so that starting up does not count. */
export async function timed(script: string, ...args: number[]): Promise<number> {
  const child = spawn(process.execPath, [script, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${script} ended with ${code}.`);
  return Number(printed);
}
