/** `node test/torture/run-whatsapp.ts [LEADS] [KILLS]`: the first run over WhatsApp, with its numbers. */
import { runWhatsApp } from './whatsapp.ts';

const leads = Number(process.argv[2] ?? 1_000);
const kills = Number(process.argv[3] ?? 4);
const killsAt = Array.from({ length: kills }, (_, at) => Math.round(((at + 0.5) * leads) / kills));
const result = await runWhatsApp({ leads, killsAt, log: console.error });
console.log(JSON.stringify(result, null, 2));
