import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sink {
  readonly port: number;
  /** For `SMTP_URL`. */
  readonly url: string;
  readonly name: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Where Debian's postfix puts its tools, which are not on everybody's PATH. With `BENCH_BARE` set nothing is found: a
 * machine where nothing is installed, for the tests.
 */
export function findTool(name: string): string | null {
  if (process.env['BENCH_BARE']) return null;
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** An SMTP server in a process of its own that takes everything: postfix's smtp-sink, or the project's own. */
export async function startSink(): Promise<Sink> {
  const port = await freePort();
  const postfix = findTool('smtp-sink');
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = postfix
    ? spawn(postfix, [...user, `127.0.0.1:${port}`, '1000'], { stdio: 'ignore' })
    : spawn(process.execPath, [join(import.meta.dirname, 'own-sink.ts'), String(port)], { stdio: 'ignore' });
  await listening(child, port);
  const name = postfix ? "postfix's smtp-sink" : "the project's own sink (apt install postfix for smtp-sink)";
  return sinkOf(child, port, name);
}

export interface SlowSink extends Sink {
  /** How many messages came so far. */
  count(): Promise<number>;
}

/** The project's own, which answers each message after `latencyMs`, as a provider far away does. */
export async function startSlowSink(latencyMs: number): Promise<SlowSink> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'own-sink.ts'), String(port), String(latencyMs)],
    { stdio: 'ignore' },
  );
  await listening(child, port);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'data');
  return {
    ...sinkOf(child, port, `the project's own sink, which answers after ${latencyMs} ms`),
    async count() {
      socket.write('COUNT\r\n');
      const [answer] = await once(socket, 'data');
      return Number(String(answer).split(' ')[1]);
    },
  };
}

function sinkOf(child: ChildProcess, port: number, name: string): Sink {
  return {
    port,
    url: `smtp://127.0.0.1:${port}?tls=off`,
    name,
    pid: child.pid!,
    async stop() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 2_000) throw new Error(`Nothing listens on port ${port}.`);
    const socket = connect(port, '127.0.0.1');
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await sleep(20);
  }
}
