import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Bench, median } from '../bench.ts';
import { leadsCsv } from '../support/leads.ts';
import { TidingsServer } from '../support/tidings-server.ts';

/** From the start of the program to the first message, after a kill -9 in the middle of a send. */
export const restart: Bench = async ({ quick, log }) => {
  const count = quick ? 1_000 : 1_000_000;
  const sink = await watchedSink();
  const server = await TidingsServer.start({
    SMTP_URL: sink.url,
    SMTP_CONNECTIONS: '20',
    EMAIL_FROM: 'News <news@shop.example>',
  });
  const times: number[] = [];
  try {
    await server.call('POST', '/api/leads/import', leadsCsv(count));
    const audience_id = await server.audience();
    const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi {{lead.first_name}}' };
    await server.call('POST', '/api/sends', { ...message, max_wait_seconds: 0 });
    const step = Math.floor(count / (quick ? 4 : 12));
    for (let round = 1; round <= (quick ? 1 : 10); round++) {
      while (sink.messages() < round * step) await sleep(1);
      await server.kill();
      // What was still on its way to the sink must not be taken for the first message of the next process.
      await sleep(200);
      const first = sink.nextMessage();
      const startedAt = await server.restart();
      times.push((await first) - startedAt);
      log(`${sink.messages()} sent; first message after ${Math.round(times.at(-1)!)} ms`);
    }
  } finally {
    await server.stop();
    await sink.stop();
  }
  return {
    setting: `kill -9 in the middle of a send to ${count} leads, started again at once, ${times.length} times`,
    rows: [{ what: 'from the start of the program to the first message', unit: 'ms', runs: times }],
    goals: [atMost('within 1 s', median(times), 1_000, 0)],
  };
};

/** A server in this process, so that the moment of a message is known. */
async function watchedSink() {
  let taken = 0;
  let heard: ((at: number) => void) | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.write('220 sink ESMTP\r\n');
    let inBody = false;
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n');
      rest = lines.pop()!;
      let answer = '';
      for (const line of lines) {
        if (inBody) {
          if (line !== '.') continue;
          inBody = false;
          taken += 1;
          heard?.(performance.now());
          heard = null;
          answer += '250 taken\r\n';
        } else if (line.startsWith('EHLO')) answer += '250-sink\r\n250 PIPELINING\r\n';
        else if (line === 'DATA') {
          inBody = true;
          answer += '354 go on\r\n';
        } else answer += '250 ok\r\n';
      }
      if (answer) socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${port}?tls=off`,
    messages: () => taken,
    nextMessage: () =>
      new Promise<number>((resolve) => {
        heard = resolve;
      }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
