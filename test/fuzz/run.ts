/**
 * `npm run fuzz -- NAME [--count N] [--seed S]`: callers (`http`), mail servers (`smtp`) and an API for WhatsApp (`provider`)
 * that say anything; without a name all of them. Prints what must not be, and exits with 1 then; a seed repeats it.
 * `http` on PostgreSQL: DATABASE_URL.
 */
import { parseArgs } from 'node:util';

const FUZZERS: Record<
  string,
  { count: number; load: () => Promise<(count: number, seed: number) => Promise<string[]>> }
> = {
  http: { count: 10_000, load: async () => (await import('./http.ts')).fuzzHttp },
  smtp: { count: 2_000, load: async () => (await import('./smtp-replies.ts')).fuzzSmtpReplies },
  provider: { count: 5_000, load: async () => (await import('./provider.ts')).fuzzProvider },
};
/** Some at a time, each with a seed of its own: what is found is told before all are through. */
const AT_A_TIME = 1_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
const unknown = positionals.find((name) => !Object.hasOwn(FUZZERS, name));
if (unknown !== undefined || ![values.count ?? '1', values.seed].every((text) => /^\d+$/.test(text))) {
  console.error(`npm run fuzz -- [${Object.keys(FUZZERS).join(' | ')}] [--count N] [--seed S]`);
  process.exit(2);
}

let found = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(FUZZERS)) {
  const { count, load } = FUZZERS[name]!;
  const fuzz = await load();
  const all = Number(values.count ?? count);
  console.log(`${name}: ${all}, seed ${values.seed}`);
  for (let done = 0; done < all; done += AT_A_TIME) {
    const faults = await fuzz(Math.min(AT_A_TIME, all - done), Number(values.seed) + done);
    for (const fault of faults) console.log(fault);
    found += faults.length;
  }
}
console.log(`${found} faults`);
process.exit(found > 0 ? 1 : 0);
