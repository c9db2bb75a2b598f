// An ordinary node:http client with keep-alive: `client.mjs PORT FROM TO SOCKETS` sends those exchanges of the plan and
// checks each answer. Ends with 0 when all of them were right.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { plan } from './plan.cjs';

const [port, from, to, sockets] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: sockets });

async function exchange(i) {
  const { method, path, request: body, requestChunks, type, status, response: expected } = plan(i);
  const headers = type ? { 'content-type': type } : {};
  if (!requestChunks && body.length > 0) headers['content-length'] = body.length;
  const sent = request({ host: '127.0.0.1', port, agent, method, path, headers });
  for (const chunk of requestChunks ?? []) sent.write(chunk);
  sent.end(requestChunks ? undefined : body);
  const [response] = await once(sent, 'response');
  assert.equal(response.statusCode, status, path);
  assert.ok((await buffer(response)).equals(expected), `body of the answer to ${path}`);
}

let next = from;
async function worker() {
  while (next < to) await exchange(next++);
}
await Promise.all(Array.from({ length: sockets }, worker));
agent.destroy();
