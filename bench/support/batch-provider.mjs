// Answers like Resend and Postmark, for one message or many, after a time; it looks at no message.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const server = createServer((request, response) => {
  const isResend = request.url.startsWith('/emails');
  const took = () =>
    isResend ? { id: randomUUID() } : { ErrorCode: 0, Message: 'OK', MessageID: randomUUID() };
  const mark = isResend ? '"to":[' : '"To":"';
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    let answer = took();
    if (request.url.endsWith('/batch')) {
      const body = Buffer.concat(chunks);
      const list = [];
      for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + 1)) list.push(took());
      answer = isResend ? { data: list } : list;
    }
    await sleep(workerData.latencyMs);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
