// axios. `axios.mjs PLAN`, with the packages in INTEROP_MODULES
import { Agent } from 'node:http';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { inPieces, plan, record, recordAnswer, uploadOf } from './records.mjs';

const axios = createRequire(`${process.env.INTEROP_MODULES}/`)('axios');

async function run(exchange, httpAgent) {
  const { id, method, target, chunked, abort } = exchange;
  const bytes = uploadOf(exchange);
  const controller = new AbortController();
  try {
    const response = await axios.request({
      method,
      url: `http://${plan.host}:${plan.port}${target}`,
      data: chunked ? Readable.from(inPieces(bytes)) : bytes,
      headers: bytes ? { 'content-type': 'application/octet-stream' } : {},
      responseType: abort === 'download' ? 'stream' : 'arraybuffer',
      validateStatus: () => true,
      proxy: false,
      httpAgent,
      signal: controller.signal,
    });
    const { status, headers, data } = response;
    if (abort === 'download') {
      data.on('error', () => {});
      controller.abort();
      record({ id, status, got: headers['x-got'], aborted: true });
      return;
    }
    recordAnswer(id, status, headers['x-got'], Buffer.from(data ?? ''));
  } catch (error) {
    record(abort ? { id, aborted: true } : { id, error: error.message });
  }
}

for (const { exchanges } of plan.groups) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const exchange of exchanges) await run(exchange, agent);
  agent.destroy();
}
