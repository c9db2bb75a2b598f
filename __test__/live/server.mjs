// An ordinary node:http server that answers by the plan. Tells its port by IPC; a request off the plan ends it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { plan } from './plan.cjs';

const server = createServer(async (request, response) => {
  const exchange = plan(Number(/\d+/.exec(request.url)[0]));
  assert.equal(request.method, exchange.method);
  assert.ok((await buffer(request)).equals(exchange.request), `body of ${request.url}`);
  const headers = { 'content-type': exchange.type ?? 'text/plain' };
  if (exchange.encoding) headers['content-encoding'] = exchange.encoding;
  if (exchange.announced) headers['content-length'] = exchange.announced;
  else if (!exchange.responseChunks && ![204, 304].includes(exchange.status))
    headers['content-length'] = exchange.response.length;
  response.writeHead(exchange.status, headers);
  for (const chunk of exchange.responseChunks ?? []) response.write(chunk);
  response.end(exchange.responseChunks ? undefined : exchange.response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
