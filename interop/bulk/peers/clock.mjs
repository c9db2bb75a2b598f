// Event streams without end, as a thread: `/CODING` has an event every `workerData` ms, `[CODING, N, TIME]`.
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { createBrotliCompress, createGzip } from 'node:zlib';

const CODERS = { gzip: createGzip, br: createBrotliCompress };
const written = {};
const running = new Set();

const server = createServer(({ url }, response) => {
  const coding = url.slice(1);
  const coder = CODERS[coding]?.();
  response.writeHead(200, { 'content-type': 'text/event-stream', ...(coder && { 'content-encoding': coding }) });
  coder?.pipe(response);
  const out = coder ?? response;
  written[coding] = 0;
  const timer = setInterval(() => {
    out.write(`data: ${JSON.stringify([coding, written[coding]++, Date.now()])}\n\n`);
    coder?.flush();
  }, workerData);
  running.add({ timer, out });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
parentPort.on('message', () => {
  for (const { timer, out } of running) {
    clearInterval(timer);
    out.end();
  }
  server.close(() => parentPort.postMessage(written));
  server.closeIdleConnections();
});
