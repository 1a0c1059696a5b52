/** `own-sink.ts PORT [LATENCY_MS]`: an SMTP server that takes everything, answers each message so late, keeps nothing. */
import { createServer } from 'node:net';

const latencyMs = Number(process.argv[3] ?? 0);
/** A client that says COUNT is told how many messages came. */
let taken = 0;

createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.write('220 own-sink ESMTP\r\n');
  let text = '';
  let inBody = false;
  let isAnswering = false;

  const read = () => {
    let answer = '';
    while (!isAnswering) {
      const end = inBody ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
      if (end < 0) break;
      if (inBody) {
        text = text.slice(end + 5);
        inBody = false;
        taken += 1;
        if (latencyMs > 0) {
          // What follows on this connection waits for it, as answers come in order.
          isAnswering = true;
          setTimeout(() => {
            isAnswering = false;
            socket.write('250 2.0.0 taken\r\n');
            read();
          }, latencyMs);
        } else answer += '250 2.0.0 taken\r\n';
        continue;
      }
      const command = text.slice(0, 4).toUpperCase();
      text = text.slice(end + 2);
      if (command === 'EHLO') answer += '250-own-sink\r\n250-PIPELINING\r\n250 SIZE 50000000\r\n';
      else if (command === 'COUN') answer += `250 ${taken}\r\n`;
      else if (command === 'QUIT') answer += '221 bye\r\n';
      else if (command === 'DATA') {
        answer += '354 go on\r\n';
        inBody = true;
        // A body may be empty: its final dot then stands on the first line.
        text = `\r\n${text}`;
      } else answer += '250 ok\r\n';
    }
    if (answer) socket.write(answer);
  };

  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    read();
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
