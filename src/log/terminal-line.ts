import { oneLine } from '../visible.ts';

const LEVELS: Readonly<Record<number, readonly [word: string, color: number]>> = {
  10: ['trace', 2],
  20: ['debug', 2],
  30: ['info', 32],
  40: ['warn', 33],
  50: ['error', 31],
  60: ['fatal', 31],
};

/** A line of the log as people read it: the time here, the level, what happened, and the rest as `name=value`. */
export function terminalLine(json: string, isColored: boolean): string {
  const { level, time, msg, worker: _, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const [word, color] = LEVELS[level as number] ?? ['', 0];
  const paint = (code: number, text: string) =>
    isColored && code ? `\u001b[${code}m${text}\u001b[0m` : text;
  const at = new Date(time as string);
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((one) => String(one).padStart(2, '0'))
    .join(':');
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const parts = [
    paint(2, clock),
    paint(color, word.padEnd(5)),
    oneLine(String(msg)),
    paint(2, oneLine(rest.join(' '))),
  ];
  return `${parts.filter((part) => part !== '' && part !== paint(2, '')).join(' ')}\n`;
}
