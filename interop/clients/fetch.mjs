// Node's fetch, which keeps connections open by itself. `fetch.mjs PLAN`
import { inPieces, plan, record, recordAnswer, uploadOf } from './records.mjs';

function streamOf(bytes) {
  const pieces = inPieces(bytes);
  return new ReadableStream({
    pull(controller) {
      const { value, done } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

async function run(exchange) {
  const { id, method, target, chunked, abort } = exchange;
  const bytes = uploadOf(exchange);
  const body = chunked ? streamOf(bytes) : bytes;
  const controller = new AbortController();
  const { signal } = controller;
  const url = plan.origin + target;
  try {
    const response = await fetch(url, { method, body, signal, ...(chunked ? { duplex: 'half' } : {}) });
    if (abort === 'download') {
      await response.body.getReader().read();
      controller.abort();
      record({ id, status: response.status, got: response.headers.get('x-got'), aborted: true });
      return;
    }
    recordAnswer(id, response.status, response.headers.get('x-got'), Buffer.from(await response.arrayBuffer()));
  } catch (error) {
    record(abort ? { id, aborted: true } : { id, error: `${error.message}: ${error.cause?.message}` });
  }
}

for (const { exchanges } of plan.groups) for (const exchange of exchanges) await run(exchange);
