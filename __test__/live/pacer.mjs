// Steady traffic in a process of its own, server and clients: `pacer.mjs PER_SECOND [PORT]`. Tells its port by IPC. The
// message {seconds} sends for so long and is answered by {exchanges}; every request has had its response then.
import { connect, createServer } from 'node:net';

const [perSecond, port = 0] = process.argv.slice(2).map(Number);
const SOCKETS = 16;
const TICK_MS = 10;
const PADDING = 'x'.repeat(120);
const END = '\r\n\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
    const heads = text.split(END);
    text = heads.pop();
    const answer = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${PADDING.length}${END}${PADDING}`;
    socket.write(answer.repeat(heads.length));
  });
});

let sent = 0;
let answered = 0;
const sockets = [];

function open() {
  const socket = connect({ port: server.address().port, host: '127.0.0.1', noDelay: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
    const parts = text.split(END);
    answered += parts.length - 1;
    text = parts.at(-1);
  });
  return socket;
}

function run(seconds) {
  const start = performance.now();
  const before = sent;
  const timer = setInterval(() => {
    const passed = Math.min(performance.now() - start, seconds * 1000);
    const due = before + Math.floor((passed * perSecond) / 1000);
    for (; sent < due; sent++) {
      sockets[sent % SOCKETS].write(
        `GET /paced/${sent}?token=hunter2-query HTTP/1.1\r\nhost: paced\r\nauthorization: Bearer hunter2-header\r\nx-padding: ${PADDING}${END}`,
      );
    }
    if (passed < seconds * 1000 || answered < sent) return;
    clearInterval(timer);
    process.send({ exchanges: sent - before });
  }, TICK_MS);
}

server.listen(port, '127.0.0.1', () => {
  for (let i = 0; i < SOCKETS; i++) sockets.push(open());
  process.send({ port: server.address().port });
});
process.on('message', ({ seconds }) => run(seconds));
process.on('disconnect', () => process.exit());
