// An application: node app.mjs PORT[/h2c] ... : HTTP/1.1, or HTTP/2 without TLS, on each of these ports of all addresses. It writes a
// line for each request: what it got, and how long it kept the answer back. `?hold=MS` says how long it should.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

async function answer(request, response) {
  const began = performance.now();
  const sent = await buffer(request);
  const { url: path, httpVersion, headers } = request;
  const hold = Number(new URL(path, 'http://app').searchParams.get('hold'));
  if (hold > 0) await sleep(hold);
  const body = `to ${path}: ${sent}`;
  const heldMs = performance.now() - began;
  console.log(
    JSON.stringify({ path, httpVersion, headers, sent: String(sent), remote: request.socket.remoteAddress, heldMs }),
  );
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body), 'x-got': path });
  response.end(body);
}

for (const word of process.argv.slice(2)) {
  const [port, version] = word.split('/');
  const server = version === 'h2c' ? createHttp2Server(answer) : createServer(answer);
  // Proxies keep their connections for as long as they are wanted.
  server.keepAliveTimeout = 600_000;
  server.listen(Number(port), '0.0.0.0');
}
