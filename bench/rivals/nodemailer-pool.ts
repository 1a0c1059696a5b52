/**
 * `nodemailer-pool.ts PORT COUNT CONNECTIONS`: what most people would write. The leads are in an array, each message is
 * put together by replacing, nodemailer's pool sends it. Nothing is written down. Prints seconds.
 */
import { createTransport } from 'nodemailer';
import { emailOf, HTML, nameOf, SUBJECT } from '../support/leads.ts';

const [port, count, connections] = process.argv.slice(2).map(Number) as [number, number, number];
const transport = createTransport({
  host: '127.0.0.1',
  port,
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: connections,
  maxMessages: 1_000,
});
const leads = Array.from({ length: count }, (_, at) => ({
  name: nameOf(at),
  email: emailOf(at),
  company: `Acme ${at % 997}`,
  city: 'Puebla',
}));

const TEXT = HTML.replaceAll(/<\/(p|h1)>/g, '\n\n').replaceAll(/<[^>]*>/g, '');
const startedAt = performance.now();
let next = 0;
async function work(): Promise<void> {
  while (next < leads.length) {
    const lead = leads[next++]!;
    const fill = (text: string) =>
      text
        .replaceAll('{{lead.first_name}}', lead.name.split(' ')[0]!)
        .replaceAll('{{lead.company}}', lead.company)
        .replaceAll('{{lead.metadata.city}}', lead.city);
    await transport.sendMail({
      from: 'News <news@shop.example>',
      to: lead.email,
      subject: fill(SUBJECT),
      html: fill(HTML),
      text: fill(TEXT),
    });
  }
}
await Promise.all(Array.from({ length: 2 * connections }, work));
console.log((performance.now() - startedAt) / 1_000);
transport.close();
