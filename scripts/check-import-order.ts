/** Holds the arrows of the house: in `core/`, a later step may import an earlier one, never the reverse. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..', 'src');
const steps = ['leads', 'audiences', 'sends', 'deliveries', 'events'];
const doors = ['mcp', 'http', 'cli', 'channels'];
/** The channel port is the words that sends and deliveries share. */
const shared = ['core/deliveries/channel.ts'];
const faults: string[] = [];

for (const file of globSync('**/*.ts', { cwd: root })) {
  const source = readFileSync(join(root, file), 'utf8');
  const [top, step] = file.split('/');
  for (const [, target] of source.matchAll(/from '(\.[^']+)'/g)) {
    const path = relative(root, join(root, dirname(file), target!));
    const [targetTop, targetStep] = path.split('/');
    if (top !== 'core' || shared.includes(path)) continue;
    if (doors.includes(targetTop!))
      faults.push(`src/${file} imports src/${path}: core knows no door and no channel`);
    const from = steps.indexOf(step!);
    const to = steps.indexOf(targetStep!);
    if (targetTop === 'core' && from >= 0 && to > from) {
      faults.push(`src/${file} imports src/${path}: a step imports only earlier steps`);
    }
  }
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
