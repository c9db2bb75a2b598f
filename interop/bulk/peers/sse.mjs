// Server-Sent Events. `sse.mjs serve PORT COUNT CODING`: each event is flushed by itself. `sse.mjs ask PORT COUNT`: undici's EventSource.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { Fold } from '../content.mjs';
import { textOf } from './events.mjs';
import { PATIENT, tls } from './window.mjs';

const CODERS = {
  gzip: () => zlib.createGzip(),
  br: () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } }),
};
/** A server that writes without end is faster than what looks on, so it rests after so many events. */
const REST_EVERY = 16;

const eventOf = (n) => {
  const lines = textOf(n)
    .split('\n')
    .map((line) => `data: ${line}`);
  return [`id: ${n}`, ...(n % 4 === 0 ? ['event: note'] : []), ...lines, '', ''].join(n % 2 === 0 ? '\n' : '\r\n');
};

async function write(response, count, coding) {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    ...(CODERS[coding] && { 'content-encoding': coding }),
  });
  const coder = CODERS[coding]?.();
  coder?.pipe(response);
  const out = coder ?? response;
  for (let n = 0; n < count; n++) {
    const goesOn = out.write(eventOf(n));
    if (coder) await new Promise((done) => coder.flush(done));
    else if (!goesOn) await once(out, 'drain');
    if (n % REST_EVERY === 0) await sleep(1);
  }
  out.end();
}

function serve(port, count, coding) {
  const answer = ({ headers }, response) => {
    // An EventSource whose stream has ended comes again.
    if (headers['last-event-id'] !== undefined) response.writeHead(204).end();
    else void write(response, count, coding);
  };
  const secure = tls();
  const server = secure
    ? createSecure({ ...PATIENT, cert: readFileSync(secure.cert), key: readFileSync(secure.key) }, answer)
    : createServer(PATIENT, answer);
  server.listen(port, '127.0.0.1');
}

function ask(port, count) {
  const { EventSource } = createRequire(join(process.env.INTEROP_MODULES, 'x'))('undici');
  const got = new Fold();
  const source = new EventSource(`http://127.0.0.1:${port}/bulk`);
  const take = ({ data }) => {
    got.add(Buffer.from(data), false);
    if (got.count < count) return;
    source.close();
    const sent = new Fold();
    for (let n = 0; n < count; n++) sent.add(Buffer.from(textOf(n)), false);
    console.log(JSON.stringify({ sent: sent.end(), got: got.end() }));
  };
  source.onmessage = take;
  source.addEventListener('note', take);
}

const [act, port, count, coding] = process.argv.slice(2);
if (act === 'serve') serve(Number(port), Number(count), coding);
else ask(Number(port), Number(count));
