// Server and clients in a process of their own: `traffic.mjs` tells its port by IPC. The message {seconds, bombs, heads}, both a second,
// sends for so long, beside ORDINARY exchanges a second, and is answered by the numbers of all that was sent; every request has had its
// response then.
import { connect, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';

const ORDINARY = 200;
const SOCKETS = 8;
const TICK_MS = 10;
const END = '\r\n\r\n';
const MEBIBYTE = 1 << 20;
const LAYERS = 3;
const NAMES = 1_023;

/** Content that takes six bytes each in JSON, or two, and some that puts more on the wire and so may come to more. */
const CONTENTS = [
  Buffer.alloc(MEBIBYTE),
  Buffer.alloc(MEBIBYTE, '"'),
  Buffer.concat([incompressible(6_000), Buffer.alloc(MEBIBYTE, 1)]),
];
const BOMBS = CONTENTS.map((content) => Array.from({ length: LAYERS }).reduce((bytes) => gzipSync(bytes), content));
const CODING = `content-type: text/plain\r\ncontent-encoding: ${Array(LAYERS).fill('gzip').join(', ')}\r\n`;
/** `^` and `~` differ in one bit, which a quick hash of names in any case leaves out: all of these have the same. */
const COLLIDING = Array.from(
  { length: NAMES },
  (_, n) => `${[...n.toString(2).padStart(10, '0')].map((bit) => (bit === '1' ? '^' : '~')).join('')}: v\r\n`,
).join('');

/** The same bytes in every run. */
function incompressible(size) {
  let state = 1;
  return Buffer.from(
    Array.from({ length: size }, () => {
      state = (state * 48_271) % 0x7f_ff_ff_ff;
      return 0x21 + (state % 94);
    }),
  );
}

const withBody = (start, fields, body) =>
  Buffer.concat([Buffer.from(`${start}\r\n${fields}content-length: ${body.length}${END}`), body]);

/** Bombs lie in responses and in requests, in turn. */
const REQUESTS = {
  ordinary: (n) =>
    Buffer.from(
      `GET /ordinary/${n} HTTP/1.1\r\nhost: shop.test\r\naccept: application/json\r\nx-request-id: ${n}${END}`,
    ),
  bomb(n) {
    if (n % 2 === 0) return Buffer.from(`GET /bomb/${n} HTTP/1.1\r\nhost: shop.test${END}`);
    return withBody(`POST /bomb/${n} HTTP/1.1`, `host: shop.test\r\n${CODING}`, BOMBS[n % BOMBS.length]);
  },
  head: (n) => Buffer.from(`GET /head/${n} HTTP/1.1\r\nhost: shop.test\r\n${COLLIDING}\r\n`),
};

function answer(head) {
  const [, kind, n] = /^\w+ \/(\w+)\/(\d+) /.exec(head);
  if (kind === 'bomb' && n % 2 === 0) return withBody('HTTP/1.1 200 OK', CODING, BOMBS[n % BOMBS.length]);
  const body = Buffer.from(JSON.stringify({ id: Number(n), name: 'tea', price: '3.50' }));
  return withBody('HTTP/1.1 200 OK', 'content-type: application/json\r\n', body);
}

/** Calls back for each head that is whole, after its body. */
function reader(onHead) {
  let bytes = Buffer.alloc(0);
  return (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const end = bytes.indexOf(END);
      if (end < 0) return;
      const head = bytes.toString('latin1', 0, end);
      const length = Number(/^content-length: (\d+)$/m.exec(head.slice(0, 300))?.[1] ?? 0);
      if (bytes.length < end + END.length + length) return;
      bytes = bytes.subarray(end + END.length + length);
      onHead(head);
    }
  };
}

const server = createServer({ noDelay: true }, (socket) => {
  socket
    .on('error', () => {})
    .on(
      'data',
      reader((head) => socket.write(answer(head))),
    );
});

let [sent, answered] = [0, 0];
const sockets = [];

function run({ seconds, bombs, heads }) {
  const rates = { ordinary: ORDINARY, bomb: bombs, head: heads };
  const counts = { ordinary: 0, bomb: 0, head: 0 };
  const start = performance.now();
  const timer = setInterval(() => {
    const passed = Math.min(performance.now() - start, seconds * 1000);
    for (const [kind, perSecond] of Object.entries(rates)) {
      for (const due = Math.floor((passed * perSecond) / 1000); counts[kind] < due; counts[kind]++)
        sockets[sent++ % SOCKETS].write(REQUESTS[kind](counts[kind]));
    }
    if (passed < seconds * 1000 || answered < sent) return;
    clearInterval(timer);
    process.send({ counts });
  }, TICK_MS);
}

server.listen(0, '127.0.0.1', () => {
  for (let i = 0; i < SOCKETS; i++) {
    const socket = connect({ port: server.address().port, host: '127.0.0.1', noDelay: true });
    sockets.push(
      socket.on(
        'data',
        reader(() => answered++),
      ),
    );
  }
  process.send({ port: server.address().port, bombBytes: BOMBS.map(({ length }) => length) });
});
process.on('message', run);
process.on('disconnect', () => process.exit());
