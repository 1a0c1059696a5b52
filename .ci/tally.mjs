// `tally.mjs failed SUMMARY` names the files that failed; `tally.mjs count SUMMARY [AGAIN]` counts, and exits with 1 if any did.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [what, ...files] = process.argv.slice(2);
const [first, again] = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const failedFiles = ({ testResults }) => [
  ...new Set(testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative('', name))),
];

if (what === 'failed') {
  // Not many at once, and none of the proofs that nobody is messaged twice.
  const names = failedFiles(first);
  if (names.length <= 3 && !names.some((name) => /torture/.test(name))) console.log(names.join('\n'));
} else {
  const mended = again?.success === true;
  if (mended) {
    console.log('\nFailed beside the others, passed alone; to be mended:');
    for (const { name, assertionResults } of first.testResults)
      for (const { status, fullName } of assertionResults)
        if (status === 'failed') console.log(`  ${relative('', name)}: ${fullName}`);
  }
  const failed = mended ? 0 : first.numFailedTests;
  console.log(`${first.numPassedTests + (mended ? first.numFailedTests : 0)} passed, ${failed} failed`);
  process.exitCode = first.success || mended ? 0 : 1;
}
