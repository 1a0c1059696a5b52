import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { processorSeconds } from './processor-time.ts';
import { publishedProgram } from './program.ts';
import { NODE_OPTIONS } from './tidings-server.ts';

/** `tidings worker` in a process of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #log = '';

  private constructor(env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [...NODE_OPTIONS, publishedProgram(), 'worker'], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** Resolves when it sends. */
  static async start(env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
    const worker = new WorkerProcess(env);
    await new Promise<void>((resolve, reject) => {
      worker.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        worker.#log = (worker.#log + text).slice(-10_000);
        if (worker.#log.includes('this worker sends')) resolve();
      });
      worker.#child.once('exit', () => reject(new Error(`tidings worker ended: ${worker.#log}`)));
    });
    return worker;
  }

  cpuSeconds(): number {
    return processorSeconds(this.#child.pid!);
  }

  /** Nothing is left in doubt. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}
