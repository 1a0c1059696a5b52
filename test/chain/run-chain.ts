/** `node test/chain/run-chain.ts [LEADS] [KILLS]`: a campaign through real mail servers, with its numbers. */
import { packageOf } from '../servers/support/packages.ts';
import { runChain } from './chain.ts';

const postfix = packageOf('postfix', 'postfix');
const opendkim = packageOf('opendkim', 'opendkim');
if (postfix.isMissing || opendkim.isMissing) process.exit(1);
const leads = Number(process.argv[2] ?? 1_000);
const kills = Number(process.argv[3] ?? 5);
const result = await runChain({
  ...{ postfix, opendkim, leads, rate: 50 },
  ...{ bouncing: Math.max(1, Math.floor(leads / 100)), leaving: Math.max(1, Math.floor(leads / 50)) },
  killsAt: Array.from({ length: kills }, (_, at) => Math.round(((at + 0.7) * leads) / kills)),
  log: console.error,
});
console.log(JSON.stringify(result, null, 2));
