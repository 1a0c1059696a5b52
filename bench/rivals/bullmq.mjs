/**
 * `bullmq.mjs SMTP_PORT REDIS_PORT COUNT CONNECTIONS`: a job for each message in Redis, a worker that sends by
 * nodemailer's pool. Prints the seconds from the first job added to the last one done.
 */
import { Queue, Worker } from 'bullmq';
import { createTransport } from 'nodemailer';
import { emailOf, HTML, nameOf, SUBJECT } from '../support/leads.ts';

const [port, redisPort, count, connections] = process.argv.slice(2).map(Number);
const connection = { host: '127.0.0.1', port: redisPort };
const transport = createTransport({
  host: '127.0.0.1',
  port,
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: connections,
  maxMessages: 1_000,
});
const TEXT = HTML.replaceAll(/<\/(p|h1)>/g, '\n\n').replaceAll(/<[^>]*>/g, '');

const queue = new Queue('mail', { connection });
const startedAt = performance.now();
let done = 0;
const finished = new Promise((resolve) => {
  new Worker(
    'mail',
    async ({ data: lead }) => {
      const fill = (text) =>
        text
          .replaceAll('{{lead.first_name}}', lead.name.split(' ')[0])
          .replaceAll('{{lead.company}}', lead.company)
          .replaceAll('{{lead.metadata.city}}', lead.city);
      await transport.sendMail({
        from: 'News <news@shop.example>',
        to: lead.email,
        subject: fill(SUBJECT),
        html: fill(HTML),
        text: fill(TEXT),
      });
    },
    { connection, concurrency: 2 * connections },
  ).on('completed', () => {
    done += 1;
    if (done === count) resolve();
  });
});
for (let at = 0; at < count; at += 1_000) {
  const jobs = Array.from({ length: Math.min(1_000, count - at) }, (_, more) => ({
    name: 'mail',
    data: { name: nameOf(at + more), email: emailOf(at + more), company: `Acme ${at % 997}`, city: 'Puebla' },
    opts: { removeOnComplete: true },
  }));
  await queue.addBulk(jobs);
}
await finished;
console.log((performance.now() - startedAt) / 1_000);
process.exit(0);
