import { createServer, type Socket } from 'node:net';

export interface RecordingSink {
  readonly url: string;
  /** How many messages came for a send, and for how many of its leads. */
  cameFor(sendId: string): { messages: number; leads: number };
  stop(): Promise<void>;
}

/** An SMTP server that takes everything, and keeps of each message which delivery it was. */
export async function startRecordingSink(): Promise<RecordingSink> {
  const came = new Map<string, { messages: number; positions: Set<string> }>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.write('220 soak ESMTP\r\n');
    let rest = '';
    let body: string[] | null = null;
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (body === null) {
          if (line === 'DATA') body = [];
          socket.write(answerTo(line));
        } else if (line === '.') {
          record(body);
          body = null;
          socket.write('250 taken\r\n');
        } else body.push(line);
      }
    });
  });

  function record(body: readonly string[]): void {
    const id = body.map((line) => /^Message-ID: <([0-9a-f]{32})\.([0-9a-z]+)@/.exec(line)).find(Boolean);
    if (!id) throw new Error('A message came without the id of its delivery.');
    const of = came.get(id[1]!) ?? { messages: 0, positions: new Set() };
    came.set(id[1]!, of);
    of.messages += 1;
    of.positions.add(id[2]!);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${port}?tls=off`,
    cameFor(sendId) {
      const of = came.get(sendId.replaceAll('-', ''));
      return { messages: of?.messages ?? 0, leads: of?.positions.size ?? 0 };
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerTo(command: string): string {
  if (command.startsWith('EHLO')) return '250-soak\r\n250 PIPELINING\r\n';
  if (command === 'DATA') return '354 go on\r\n';
  return command === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n';
}
