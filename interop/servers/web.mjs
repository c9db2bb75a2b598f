// Servers that take a function from Request to Response: Bun's and Deno's. `web.mjs PORT`

import { gzipSync } from 'node:zlib';
import { answered, sha256 } from '../content.mjs';

const PIECE_BYTES = 4000;

function inPieces(bytes) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(Uint8Array.from(bytes.subarray(at, at + PIECE_BYTES)));
      at += PIECE_BYTES;
    },
  });
}

async function answer(request) {
  const [, id, kind, number] = new URL(request.url).pathname.split('/');
  const upload = Buffer.from(await request.arrayBuffer());
  const headers = { 'x-got': id, 'x-got-length': `${upload.length}`, 'x-got-sha256': sha256(upload) };
  if (kind === 'status') return new Response(null, { status: Number(number), headers });
  const content = kind === 'echo' ? upload : answered(id, Number(number));
  Object.assign(headers, { 'x-length': `${content.length}`, 'x-sha256': sha256(content) });
  let body = content;
  if (kind.startsWith('gzip')) {
    headers['content-encoding'] = 'gzip';
    body = gzipSync(content);
  }
  if (kind.endsWith('chunked')) return new Response(inPieces(body), { headers });
  headers['content-length'] = `${body.length}`;
  return new Response(body, { headers });
}

const port = Number(process.argv[2]);
if (globalThis.Bun) Bun.serve({ port, hostname: '127.0.0.1', fetch: answer });
else Deno.serve({ port, hostname: '127.0.0.1', onListen() {} }, answer);
