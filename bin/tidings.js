#!/usr/bin/env node
// Any Node since 12 reads this file, so that one that is too old says what is needed. What newer ones know is in start.js.
const needed = '24.12';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 24 || (major === 24 && minor >= 12)) {
  import('./start.js');
} else {
  console.error(
    `tidings needs Node ${needed} or newer, and this is ${process.version}: see https://nodejs.org/en/download, or run npx --yes --package=node@24 --package=tidings tidings`,
  );
  process.exitCode = 1;
}
