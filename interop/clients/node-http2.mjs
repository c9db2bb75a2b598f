// node:http2, one session for each group. `node-http2.mjs PLAN`
import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { inPieces, plan, record, recordAnswer, runGroup, uploadOf } from './records.mjs';

function send(stream, { chunked, abort }, bytes) {
  if (abort === 'upload') {
    stream.write(bytes.subarray(0, bytes.length / 2), () => stream.destroy(new Error('broken off')));
    return;
  }
  if (chunked) for (const piece of inPieces(bytes)) stream.write(piece);
  stream.end(chunked ? undefined : bytes);
}

async function run(exchange, session) {
  const { id, method, target, chunked, abort } = exchange;
  const bytes = uploadOf(exchange);
  const headers = { ':method': method, ':path': target };
  if (bytes && !chunked) headers['content-length'] = bytes.length;
  try {
    const stream = session.request(headers, { endStream: bytes === undefined });
    // A stream that its own client resets just closes.
    const closed = once(stream, 'close').then(() => Promise.reject(new Error('closed without an answer')));
    const answered = Promise.race([once(stream, 'response'), closed]);
    closed.catch(() => {});
    // An error without a listener ends the process.
    stream.on('error', () => {});
    if (bytes !== undefined) send(stream, exchange, bytes);
    const [head] = await answered;
    if (abort === 'download') {
      stream.close(constants.NGHTTP2_CANCEL);
      record({ id, status: head[':status'], got: head['x-got'], aborted: true });
      return;
    }
    const body = await buffer(stream);
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`reset with ${stream.rstCode}`);
    const isPacked = head['content-encoding'] === 'gzip' && body.length > 0;
    recordAnswer(id, head[':status'], head['x-got'], isPacked ? gunzipSync(body) : body);
  } catch (error) {
    record(abort ? { id, aborted: true } : { id, error: error.message });
  }
}

for (const group of plan.groups) {
  const session = connect(plan.origin, { rejectUnauthorized: false });
  session.on('error', () => {});
  await runGroup(group, (exchange) => run(exchange, session));
  const closed = session.destroyed || once(session, 'close');
  session.close();
  await closed;
}
