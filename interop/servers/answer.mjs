// The answer of a server of the interop test, for node:http and the same interface of node:http2. The target is /ID/KIND/SIZE.
import { createHash } from 'node:crypto';
import { constants } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { answered } from '../content.mjs';

const PIECE_BYTES = 4000;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** In several writes, which is how a body without a length comes to be chunked. */
function inPieces(response, bytes) {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) response.write(bytes.subarray(at, at + PIECE_BYTES));
  response.end();
}

function measured(response, bytes) {
  response.setHeader('content-length', bytes.length);
  response.end(bytes);
}

const KINDS = {
  plain: measured,
  echo: measured,
  chunked: inPieces,
  gzip(response, content) {
    response.setHeader('content-encoding', 'gzip');
    measured(response, gzipSync(content));
  },
  'gzip-chunked'(response, content) {
    response.setHeader('content-encoding', 'gzip');
    inPieces(response, gzipSync(content));
  },
  close(response, content) {
    response.setHeader('connection', 'close');
    response.removeHeader('transfer-encoding');
    inPieces(response, content);
  },
  reset(response, content) {
    response.setHeader('content-length', content.length);
    // Of HTTP/2 only the stream is reset.
    const { stream, socket } = response;
    const reset = () => (stream ? stream.close(constants.NGHTTP2_INTERNAL_ERROR) : socket.resetAndDestroy());
    response.write(content.subarray(0, content.length / 2), reset);
  },
};

export async function answer(request, response) {
  const [, id, kind, number] = request.url.split('/');
  let body;
  try {
    body = await buffer(request);
  } catch {
    return; // The client went away while it sent; there is no client to answer.
  }
  response.setHeader('x-got', id);
  response.setHeader('x-got-length', body.length);
  response.setHeader('x-got-sha256', sha256(body));
  if (kind === 'status') {
    response.writeHead(Number(number));
    response.end();
    return;
  }
  const content = kind === 'echo' ? body : answered(id, Number(number));
  response.setHeader('x-length', content.length);
  response.setHeader('x-sha256', sha256(content));
  response.setHeader('content-type', kind === 'echo' ? 'application/octet-stream' : 'text/plain');
  KINDS[kind](response, content);
}
