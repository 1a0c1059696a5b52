// `tally.mjs failed SUMMARY…` names the files that failed; `tally.mjs count SUMMARY… [--again AGAIN]` counts them together,
// and exits with 1 if any did.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { again: { type: 'string' } },
  allowPositionals: true,
});
const [what, ...files] = positionals;
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const parts = files.map(read);
const results = parts.flatMap(({ testResults }) => testResults);

const failedFiles = ({ testResults }) =>
  testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative('', name));

if (what === 'failed') {
  // Not many at once, and none of the proofs that nobody is messaged twice; nor where something else failed than a file.
  const names = [...new Set(parts.flatMap(failedFiles))];
  const isKnown = parts.every((part) => part.success || failedFiles(part).length > 0);
  if (isKnown && names.length <= 3 && !names.some((name) => /torture/.test(name)))
    console.log(names.join('\n'));
} else {
  const mended = values.again !== undefined && read(values.again).success === true;
  if (mended) {
    console.log('\nFailed beside the others, passed alone; to be mended:');
    for (const { name, assertionResults } of results)
      for (const { status, fullName } of assertionResults)
        if (status === 'failed') console.log(`  ${relative('', name)}: ${fullName}`);
  }
  const sum = (field) => parts.reduce((total, part) => total + part[field], 0);
  const failed = mended ? 0 : sum('numFailedTests');
  console.log(`${sum('numPassedTests') + (mended ? sum('numFailedTests') : 0)} passed, ${failed} failed`);
  process.exitCode = mended || parts.every(({ success }) => success) ? 0 : 1;
}
