import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const read = (file: string) => readFileSync(join(import.meta.dirname, '..', file), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  devDependencies: Record<string, string>;
};

it('the flags of V8 are the same wherever the program is started', () => {
  const flags = '--max-semi-space-size=3 --max-old-space-size=512 --v8-pool-size=2 --expose-gc';
  const starts = {
    'npm start': manifest.scripts['start'],
    'npm run tidings': manifest.scripts['tidings'],
    'npm run demo': manifest.scripts['demo'],
    'bin/start.js': /^const FLAGS = '(.*?)'/m.exec(read('bin/start.js'))?.[1],
    Dockerfile: /^ENTRYPOINT .*$/m.exec(read('Dockerfile'))?.[0].replaceAll('", "', ' '),
  };
  for (const [where, line] of Object.entries(starts))
    expect(line?.match(/--\S.*?(?= bin\/|$)/)?.[0], where).toBe(flags);
});

it('what the C library is asked at a start is the same in the container, so that nothing begins twice there', () => {
  const inStart = /\{ (MALLOC_.*?) \}/
    .exec(read('bin/start.js'))![1]!
    .replaceAll(/: '(\d+)'/g, '=$1')
    .split(', ');
  expect(inStart).toHaveLength(2);
  const inImage = [...read('Dockerfile').matchAll(/MALLOC_\w+=\d+/g)].map(([found]) => found);
  expect(inImage).toEqual(inStart);
});

/** No engine runs them here: what they say is held against what they are made of. */
describe('the container files', () => {
  const dockerfile = read('Dockerfile');

  it('run the Node that a clone runs, with the flags of npm start, as nobody in particular', () => {
    const [major, minor] = manifest.devDependencies['node']!.split('.');
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual([
      `node:${major}.${minor}-slim`,
      `node:${major}.${minor}-slim`,
    ]);
    const [, ...words] = manifest.scripts['start']!.split(' ');
    const entry = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)![1]!) as string[];
    const command = JSON.parse(/^CMD (\[.+)$/m.exec(dockerfile)![1]!) as string[];
    expect([...entry, ...command]).toEqual(['node', ...words]);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^STOPSIGNAL SIGTERM$/m);
  });

  it('copy only files that there are, and that .dockerignore lets in', () => {
    const letIn = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files]) =>
      files!.split(' '),
    );
    expect(copied.sort()).toEqual(letIn.sort());
  });

  it('give no process more rights than it needs', () => {
    const compose = read('compose.yaml');
    expect(compose.match(/cap_drop: \[ALL\]/g)).toHaveLength(2);
    expect(compose.match(/no-new-privileges:true/g)).toHaveLength(2);
  });

  it('have a health check that tells a server that is ready from one that is not', async () => {
    const script = (JSON.parse(/CMD (\["node", "-e".+\])$/m.exec(dockerfile)![1]!) as string[])[2]!;
    expect(() => new Function(script)).not.toThrow();
    expect(script).toContain('/ready');
  });
});
