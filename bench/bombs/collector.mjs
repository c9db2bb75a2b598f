// A collector in a process of its own: `collector.mjs quick` answers each POST, `collector.mjs hang` none. Tells its port by IPC, and for
// the message 'report' what it has found.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { Found } from './found.mjs';

const [mode] = process.argv.slice(2);
const found = new Found();

const server = createServer((request, response) => {
  if (mode === 'hang') return void request.resume();
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    response.end();
    const raw = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('latin1');
    if (request.url === '/v1/traces') found.exchange(text);
    else for (const line of text.split('\n')) found.message(line);
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.send({ found }));
process.on('disconnect', () => process.exit());
