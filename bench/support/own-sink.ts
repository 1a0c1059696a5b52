/** `own-sink.ts PORT`: an SMTP server that takes everything as fast as it can and keeps nothing. */
import { createServer } from 'node:net';

/** A client that says COUNT is told how many messages came. */
let taken = 0;

createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.write('220 own-sink ESMTP\r\n');
  let rest = '';
  let inBody = false;
  socket.on('data', (chunk) => {
    let text = rest + chunk.toString('latin1');
    let answer = '';
    for (;;) {
      const end = inBody ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
      if (end < 0) break;
      if (inBody) {
        text = text.slice(end + 5);
        inBody = false;
        taken += 1;
        answer += '250 2.0.0 taken\r\n';
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
    rest = text;
    if (answer) socket.write(answer);
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
