import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening } from '../../../bench/support/sink.ts';
import type { Package } from './packages.ts';

/** Users that Debian's mail servers want, with ids that belong to nobody on the machine as a rule. */
const USERS = {
  root: 0,
  mail: 8,
  nobody: 65534,
  postfix: 61001,
  postdrop: 61002,
  'Debian-exim': 61003,
  opensmtpd: 61004,
  opensmtpq: 61005,
  smmta: 61006,
  smmsp: 61007,
  dovecot: 61008,
  dovenull: 61009,
} as const;

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export type User = keyof typeof USERS;

/**
 * A root folder for one server: its package, a few users and devices, and our configuration, in a temporary folder. So
 * servers that exclude each other run side by side, at the paths that they were built for, and the machine's own stays
 * as it is.
 */
export class ServerRoot {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidings-server-'));
  readonly #children: { child: ChildProcess; said: string[] }[] = [];

  constructor({ folder }: Package) {
    execFileSync('cp', ['-a', `${folder}/.`, this.folder]);
    chmodSync(this.folder, 0o755);
    for (const name of ['dev', 'etc', 'run', 'tmp', 'var/log', 'var/tmp']) this.directory(name);
    for (const name of ['tmp', 'var/tmp']) chmodSync(join(this.folder, name), 0o1777);
    rmSync(join(this.folder, 'var/run'), { recursive: true, force: true });
    symlinkSync('/run', join(this.folder, 'var/run'));
    const devices = { null: 3, zero: 5, random: 8, urandom: 9 };
    for (const [name, minor] of Object.entries(devices)) {
      execFileSync('mknod', ['-m', '666', join(this.folder, 'dev', name), 'c', '1', String(minor)]);
    }
    const users = Object.entries(USERS);
    this.write('etc/passwd', users.map(([name, id]) => `${name}:x:${id}:${id}::/:/bin/false\n`).join(''));
    this.write('etc/group', users.map(([name, id]) => `${name}:x:${id}:\n`).join(''));
    this.write('etc/hosts', '127.0.0.1 localhost mx.test\n');
    this.write('etc/nsswitch.conf', 'hosts: files\n');
    this.write('etc/services', 'smtp 25/tcp\nsubmission 587/tcp\n');
    this.write('etc/protocols', 'ip 0 IP\ntcp 6 TCP\nudp 17 UDP\n');
  }

  write(path: string, text: string, mode = 0o644): void {
    const full = join(this.folder, path);
    mkdirSync(dirname(full), { recursive: true });
    rmSync(full, { force: true });
    writeFileSync(full, text);
    chmodSync(full, mode);
  }

  directory(path: string, owner: User = 'root', mode = 0o755, group: User = owner): void {
    const full = join(this.folder, path);
    mkdirSync(full, { recursive: true });
    chmodSync(full, mode);
    chownSync(full, USERS[owner], USERS[group]);
  }

  copy(from: string, to: string): void {
    cpSync(from, join(this.folder, to), { recursive: true });
  }

  run(command: string, ...args: string[]): string {
    return execFileSync('chroot', [this.folder, command, ...args], { encoding: 'utf8', env: { PATH } });
  }

  /** Starts a server that stays in the foreground, and waits until it listens. */
  async start(port: number, command: string, ...args: string[]): Promise<void> {
    const child = spawn('chroot', [this.folder, command, ...args], {
      env: { PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(String(text)));
    this.#children.push({ child, said });
    try {
      await listening(child, port);
    } catch (error) {
      throw new Error(`${command} did not start: ${said.join('')}`, { cause: error });
    }
  }

  /** What the servers printed, for a test that failed. */
  said(): string {
    return this.#children.map(({ said }) => said.join('')).join('\n');
  }

  /** Ends whatever has this folder as its root, and removes it. */
  async stop(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const processes = this.#processes();
      if (processes.length === 0) break;
      for (const pid of processes) kill(pid);
      await sleep(20);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        const root = rootOf(pid);
        return root === this.folder || root.startsWith(`${this.folder}/`);
      });
  }
}

function rootOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
