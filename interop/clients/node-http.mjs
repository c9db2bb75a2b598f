// node:http with an agent that keeps one connection for each group. `node-http.mjs PLAN`
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { inPieces, plan, record, recordAnswer, uploadOf } from './records.mjs';

async function send(sent, { chunked, expect }, bytes) {
  if (expect) {
    sent.flushHeaders();
    await Promise.race([once(sent, 'continue'), new Promise((resolve) => setTimeout(resolve, 300))]);
  }
  if (chunked) for (const piece of inPieces(bytes)) sent.write(piece);
  sent.end(chunked ? undefined : bytes);
}

async function run(exchange, agent) {
  const { id, method, target: path, chunked, expect, abort } = exchange;
  const bytes = uploadOf(exchange);
  const headers = {
    ...(expect ? { expect: '100-continue' } : {}),
    ...(chunked ? { 'transfer-encoding': 'chunked' } : {}),
  };
  if (bytes && !chunked) headers['content-length'] = bytes.length;
  try {
    const sent = request({ host: plan.host, port: plan.port, method, path, agent, headers });
    sent.on('error', () => {});
    const answered = once(sent, 'response');
    await send(sent, exchange, bytes);
    const [response] = await answered;
    const { statusCode, headers: fields } = response;
    if (abort === 'download') {
      response.on('error', () => {});
      response.destroy();
      record({ id, status: statusCode, got: fields['x-got'], aborted: true });
      return;
    }
    const body = await buffer(response);
    const isPacked = fields['content-encoding'] === 'gzip' && body.length > 0;
    recordAnswer(id, statusCode, fields['x-got'], isPacked ? gunzipSync(body) : body);
  } catch (error) {
    record(abort ? { id, aborted: true } : { id, error: error.message });
  }
}

for (const { exchanges } of plan.groups) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const exchange of exchanges) await run(exchange, agent);
  agent.destroy();
}
