// undici, which pipelines where it is told so, but for bodies that it reads while it sends. `undici.mjs PLAN`, with the packages in INTEROP_MODULES
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import { inPieces, plan, record, recordAnswer, uploadOf } from './records.mjs';

const { Client } = createRequire(`${process.env.INTEROP_MODULES}/`)('undici');
const PIPELINED = 10;

async function run(exchange, client) {
  const { id, method, target: path, chunked, abort } = exchange;
  const bytes = uploadOf(exchange);
  try {
    const body = chunked ? inPieces(bytes) : bytes;
    const { statusCode, headers, body: stream } = await client.request({ method, path, body, idempotent: !chunked });
    if (abort === 'download') {
      stream.on('error', () => {}).destroy();
      record({ id, status: statusCode, got: headers['x-got'], aborted: true });
      return;
    }
    const content = Buffer.from(await stream.arrayBuffer());
    const isPacked = headers['content-encoding'] === 'gzip' && content.length > 0;
    recordAnswer(id, statusCode, headers['x-got'], isPacked ? gunzipSync(content) : content);
  } catch (error) {
    record(abort ? { id, aborted: true } : { id, error: error.message });
  }
}

for (const { exchanges, pipelined } of plan.groups) {
  const client = new Client(`http://${plan.host}:${plan.port}`, { pipelining: pipelined ? PIPELINED : 1 });
  if (pipelined) await Promise.all(exchanges.map((exchange) => run(exchange, client)));
  else for (const exchange of exchanges) await run(exchange, client);
  await client.destroy();
}
