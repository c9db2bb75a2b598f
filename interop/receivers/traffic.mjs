// A savefile for receivers: ordinary exchanges, and what a pipeline may trip over. Its times are now, since some receivers keep
// no old times.
import { gzipSync } from 'node:zlib';
import { request, response } from '../../fixtures/make/http.mjs';
import { Tape } from '../../fixtures/make/tape.mjs';

const ORDINARY = 300;
const PER_CONNECTION = 20;
const JSON_TYPE = ['Content-Type', 'application/json'];
/** Of fixtures/make/tape.mjs. */
const TAPE_START_MS = 1_715_934_600_000;
const AGO_MS = 600_000;

const BODIES = [
  '{"name":"Tée \\"noir\\" 茶 🍵","line":"a\\nb"}',
  'a\tb\u0000c\u0001\u001b[31m\u2028\u2029',
  "it's 100 % {{ template }} $x <b>&amp;</b> \\u0041",
  JSON.stringify({ text: 'x"\\\n'.repeat(50_000) }),
];

export function savefile() {
  const tape = new Tape({ startNs: (Date.now() - AGO_MS - TAPE_START_MS) * 1e6 });
  let connections = 0;
  const open = () =>
    tape.connection({ client: `192.0.2.10:${20_000 + connections++}`, server: '198.51.100.80:8080' }).open();
  const host = ['Host', 'shop.test'];
  for (let sent = 0; sent < ORDINARY; sent += PER_CONNECTION) {
    const connection = open();
    for (let n = sent; n < sent + PER_CONNECTION; n++) {
      const body = JSON.stringify({ id: n, name: 'tea' });
      connection.exchange(
        request('GET', `/items/${n % 5}`, {
          headers: [host, ['X-Request-Id', `r-${n}`], ['X-When', n === 0 ? '2024-05-17' : 'soon']],
        }),
        response(n % 50 === 49 ? 503 : 200, 'OK', { headers: [JSON_TYPE], body }),
      );
    }
    connection.close();
  }
  const odd = open();
  for (const body of BODIES) {
    odd.exchange(
      request('POST', '/odd', {
        headers: [host, ['Content-Type', 'text/plain'], ['X', '1'], ['X.Dotted', '1'], ['X-Number', '0017']],
        body,
      }),
      response(201, 'Created', {
        headers: [
          ['Set-Cookie', 'a=b; c'],
          ['Content-Encoding', 'gzip'],
        ],
        body: gzipSync(body),
      }),
    );
  }
  odd.exchange(
    request('POST', '/odd/trailers', { headers: [host], chunks: ['a', 'b'], trailers: [['X-Sum', '1']] }),
    response(200, 'OK', { headers: [], body: Buffer.from([0xff, 0xfe, 0, 1]) }),
  );
  odd.exchange(
    request('GET', '/odd?n=1&q=%22tea%22+a', { headers: [host] }),
    response(404, 'Not Found', { headers: [], body: '' }),
  );
  odd.send(request('GET', '/odd/unanswered', { headers: [host] }));
  odd.close();
  return tape.toSavefile();
}
