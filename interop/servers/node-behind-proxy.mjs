// node:http after a proxy that says for whom it speaks: each connection begins with the PROXY protocol, version 1 or 2, which
// is removed before HTTP begins. `node-behind-proxy.mjs PORT`
// https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { answer } from './answer.mjs';

const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const V2_HEAD_BYTES = 16;

/** How long the prefix is, or undefined while more of it has to come. */
function prefixLength(bytes) {
  if (bytes.subarray(0, V2.length).equals(V2)) {
    const length = bytes.length < V2_HEAD_BYTES ? Number.POSITIVE_INFINITY : V2_HEAD_BYTES + bytes.readUInt16BE(14);
    return bytes.length < length ? undefined : length;
  }
  const end = bytes.indexOf('\r\n');
  return end < 0 ? undefined : end + 2;
}

const http = createHttpServer({ keepAliveTimeout: 30_000 }, answer);

createServer((socket) => {
  let bytes = Buffer.alloc(0);
  const take = () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) bytes = Buffer.concat([bytes, chunk]);
    const length = prefixLength(bytes);
    if (length === undefined) return;
    socket.off('readable', take);
    socket.unshift(bytes.subarray(length));
    http.emit('connection', socket);
  };
  socket.on('readable', take).on('error', () => socket.destroy());
}).listen(Number(process.argv[2]), '127.0.0.1');
