import { readdirSync, readFileSync } from 'node:fs';

/** What `/proc` counts in. */
const TICKS_A_SECOND = 100;

interface Stat {
  readonly parent: number;
  /** User and system time, in seconds. */
  readonly own: number;
  /** That of its children that have ended. */
  readonly ended: number;
}

/** User and system time of a process so far. Linux only, as all of this. */
export function processorSeconds(pid: number): number {
  return statOf(pid)?.own ?? Number.NaN;
}

/** Of a process and all that it has started, ended ones too, as PostgreSQL starts one for each connection. */
export function familySeconds(pid: number): number {
  const parent = statOf(pid);
  if (!parent) return Number.NaN;
  let seconds = parent.own + parent.ended;
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    if (stat?.parent === pid) seconds += stat.own;
  }
  return seconds;
}

/** Of the whole machine: how long its cores have worked and rested so far. */
export function machineSeconds(): { busy: number; idle: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0]!;
  const [user, nice, system, idle, waiting, interrupts, soft, stolen] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user! + nice! + system! + interrupts! + soft! + stolen!;
  return { busy: busy / TICKS_A_SECOND, idle: (idle! + waiting!) / TICKS_A_SECOND };
}

/** Null: it has ended. See proc_pid_stat(5). */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const seconds = (at: number) => (fields[at]! + fields[at + 1]!) / TICKS_A_SECOND;
    return {
      parent: fields[1]!,
      own: seconds(11),
      ended: seconds(13),
    };
  } catch {
    return null;
  }
}
