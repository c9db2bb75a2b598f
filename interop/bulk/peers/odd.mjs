// node:http2 with trailers, pushes, resets of either side, early hints, fields larger than a frame, tables of HPACK that change their size,
// and GOAWAY. `odd.mjs serve PORT` or `odd.mjs ask PORT COUNT`.
import * as http2 from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerOf } from '../content.mjs';
import { fieldsOf, isLast, kindOf, requestBody, responseBody, statusOf, tableBytes, trailersOf } from '../odd.mjs';

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = http2.constants;
const STREAMS = 100;
const SETTLE_MS = 1000;
const OPTIONS = {
  settings: { maxHeaderListSize: 1 << 18 },
  maxDeflateDynamicTableSize: 1 << 16,
  maxSessionMemory: 1000,
};

const ignored = (stream) => stream.on('error', () => {});
const withTrailers = (stream, n, side) => stream.on('wantTrailers', () => stream.sendTrailers(trailersOf(n, side)));

function push(stream, n) {
  const head = { ':path': `/pushed/${n}` };
  stream.pushStream(head, (error, pushed) => {
    if (error) throw error;
    ignored(pushed).respond({ ':status': 200, 'x-number': n });
    pushed.end(answerOf(n));
  });
}

async function answer(stream, headers) {
  const n = Number(headers[':path'].slice(1));
  const kind = kindOf(n);
  ignored(stream);
  if (tableBytes(n, 25) !== undefined) stream.session.settings({ headerTableSize: tableBytes(n, 25) });
  const head = { ':status': statusOf(n), 'x-number': n, ...fieldsOf(n, 'response') };
  if (kind === 'uploadRefused') {
    stream.respond(head, { endStream: true });
    stream.close(NGHTTP2_NO_ERROR);
    return;
  }
  try {
    head['x-got'] = (await buffer(stream)).length;
  } catch {
    return;
  }
  if (isLast(n)) stream.session.close();
  // Not after GOAWAY.
  if (kind === 'push' && stream.pushAllowed) {
    head['x-pushes'] = 1;
    push(stream, n);
  }
  if (kind === 'earlyHints') stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
  if (kind === 'trailers') withTrailers(stream, n, 'response');
  stream.respond(head, { waitForTrailers: kind === 'trailers', endStream: kind === 'head' || kind === 'noContent' });
  const body = responseBody(n);
  if (kind === 'serverResets') stream.write(body, () => stream.close(NGHTTP2_INTERNAL_ERROR));
  else if (kind !== 'head' && kind !== 'noContent') stream.end(body);
}

function serve(port) {
  const server = http2.createServer(OPTIONS);
  server.on('stream', answer).on('sessionError', () => {});
  server.listen(port, '127.0.0.1');
}

/** True if the answer is as it is meant to be. */
async function isRight(session, n) {
  const kind = kindOf(n);
  const body = requestBody(n);
  const head = { ':method': kind === 'head' ? 'HEAD' : 'POST', ':path': `/${n}`, ...fieldsOf(n, 'request') };
  const stream = ignored(session.request(head, { endStream: kind === 'head', waitForTrailers: kind === 'trailers' }));
  const closed = new Promise((resolve) => stream.on('close', resolve));
  if (kind === 'trailers') withTrailers(stream, n, 'request');
  let response;
  let tail;
  stream.on('response', (fields) => {
    response = fields;
  });
  stream.on('trailers', (fields) => {
    tail = fields;
  });
  const pieces = [];
  stream.on('data', (piece) => {
    pieces.push(piece);
    if (kind === 'clientCancels') stream.close(NGHTTP2_CANCEL);
  });
  if (kind === 'uploadBreaksOff') stream.write(body, () => stream.close(NGHTTP2_CANCEL));
  else if (kind !== 'head') stream.end(body);
  await closed;
  const got = Buffer.concat(pieces);
  if (kind === 'uploadBreaksOff') return response === undefined;
  if (response?.[':status'] !== statusOf(n) || response['x-number'] !== String(n)) return false;
  if (kind === 'uploadRefused') return true;
  if (kind === 'clientCancels' || kind === 'serverResets') return got.equals(responseBody(n).subarray(0, got.length));
  const isWhole = got.equals(responseBody(n)) && Number(response['x-got']) === body.length;
  return isWhole && (kind !== 'trailers' || tail?.['x-tail'] === trailersOf(n, 'response')['x-tail']);
}

async function ask(port, count) {
  const told = { right: 0, pushed: 0 };
  const sessions = [];
  const more = () => {
    const session = http2.connect(`http://127.0.0.1:${port}`, OPTIONS);
    session.on('error', () => {});
    session.on('stream', async (pushed, head) => {
      const bytes = await buffer(ignored(pushed));
      if (bytes.equals(answerOf(Number(head[':path'].split('/').at(-1))))) told.pushed++;
    });
    sessions.push(session);
    return session;
  };
  let session = more();
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const n = next++;
      const own = session;
      if (isLast(n)) session = more();
      if (tableBytes(n, 0) !== undefined && !own.closed) own.settings({ headerTableSize: tableBytes(n, 0) });
      if (await isRight(own, n)) told.right++;
      else console.error(`${n}, ${kindOf(n)}: not right`);
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, worker));
  // Time for what is pushed last.
  await sleep(SETTLE_MS);
  for (const each of sessions) each.destroy();
  console.log(JSON.stringify(told));
}

const [act, port, count] = process.argv.slice(2);
if (act === 'serve') serve(Number(port));
else await ask(Number(port), Number(count));
