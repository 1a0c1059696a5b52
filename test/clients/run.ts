/**
 * `npm run test:clients [-- NAME …]`: programs that speak MCP, fetched from npm, each connecting to a server of ours by the
 * lines of the page for it (`docs/install/assistants.md`) and using it as its users do; `claude` also carries out a whole
 * job, with a scripted model on this machine in place of the one it is paid for. No account, and no network but npm's.
 * Some of them are large: Claude Code is 190 MB, Codex 170.
 */
import { conformance } from './conformance.ts';
import { inspector } from './inspector.ts';
import { install } from './install.ts';
import { endTrial } from './trial.ts';

const CLIENTS: Readonly<Record<string, () => Promise<void>>> = { ...install, inspector, conformance };
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !CLIENTS[name]);
if (unknown.length > 0) console.error(`Unknown: ${unknown}. There are: ${Object.keys(CLIENTS).join(', ')}.`);
else for (const name of asked.length > 0 ? asked : Object.keys(CLIENTS)) await CLIENTS[name]!();
process.exit((await endTrial()) + unknown.length > 0 ? 1 : 0);
