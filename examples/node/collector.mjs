// A service that takes what `outputUrl` sends: `node collector.mjs`, and `tcp-sniffer --output-url http://localhost:9100/`
// beside it. Appends each message as a JSON line to FILE (messages.jsonl). PORT, FILE and OUTPUT_URL_AUTH_TOKEN are variables.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { createGunzip } from 'node:zlib';

const { PORT = '9100', FILE = 'messages.jsonl', OUTPUT_URL_AUTH_TOKEN: token } = process.env;
/** Of one POST, unpacked. */
const MAX_BYTES = 32 * 1024 * 1024;
const file = createWriteStream(FILE, { flags: 'a' });

const hash = (value) => createHash('sha256').update(value).digest();
const isAllowed = ({ authorization = '' }) =>
  token === undefined || timingSafeEqual(hash(authorization), hash(`Bearer ${token}`));

async function read(request) {
  const content = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  const chunks = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const server = createServer(async (request, response) => {
  const answer = (status) => response.writeHead(status).end();
  if (request.method !== 'POST') return answer(405);
  if (!isAllowed(request.headers)) return answer(401);
  try {
    // One message, or with `outputBatch` several lines of NDJSON: either way each line is one.
    const lines = (await read(request)).split('\n').filter((line) => line !== '');
    for (const line of lines) JSON.parse(line);
    // 2xx only when the message is safe: what gets none is sent again, so a message may come twice.
    file.write(lines.map((line) => `${line}\n`).join(''), (error) => answer(error ? 503 : 204));
  } catch {
    answer(400);
  }
});
server.listen(Number(PORT), () => console.log(`collecting on http://localhost:${server.address().port}/ into ${FILE}`));
process.once('SIGINT', () => server.close(() => file.end()));
