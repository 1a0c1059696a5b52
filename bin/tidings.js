#!/usr/bin/env -S node --max-semi-space-size=3 --max-old-space-size=512 --v8-pool-size=2
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tidings', import.meta.url)));
const sources = new URL('../src/main.ts', import.meta.url);
await import(existsSync(sources) ? sources.href : '../dist/src/main.js');
