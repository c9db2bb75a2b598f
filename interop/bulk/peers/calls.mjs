// grpc-js: calls of all four kinds, many at once. `calls.mjs serve PORT` or `calls.mjs ask PORT COUNT`, which prints a line of JSON for each call as
// interop/grpc-go does: what it sent, what it got, and the status.
import { createHash } from 'node:crypto';
import { Metadata, Server } from '@grpc/grpc-js';
import { clientOf, listen, methodOf, same } from './grpc-ends.mjs';

const SERVICE = 'interop.v1.Everything';
const AT_ONCE = 100;
/** Of one call that gets several. */
const ANSWERS = 5;

const METHODS = {
  Unary: methodOf(`/${SERVICE}/Unary`, false, false),
  Many: methodOf(`/${SERVICE}/Many`, false, true),
  Collect: methodOf(`/${SERVICE}/Collect`, true, false),
  Chat: methodOf(`/${SERVICE}/Chat`, true, true),
};
const NAMES = Object.keys(METHODS);

const reversed = (bytes) => Buffer.from(bytes).reverse();
const sum = (bytes) => createHash('sha256').update(bytes).digest('hex');

const HANDLERS = {
  Unary: ({ request }, answer) => answer(null, reversed(request)),
  Many: (call) => {
    for (let n = 0; n < ANSWERS; n++) call.write(Buffer.concat([reversed(call.request), Buffer.alloc(n * 3_000, 'm')]));
    call.end();
  },
  Collect: (call, answer) => {
    const all = [];
    call.on('data', (bytes) => all.push(bytes));
    call.on('end', () => answer(null, Buffer.concat(all)));
  },
  Chat: (call) => {
    call.on('data', (bytes) => call.write(reversed(bytes)));
    call.on('end', () => call.end());
  },
};

function serve(port) {
  const server = new Server();
  server.addService(METHODS, HANDLERS);
  listen(server, port);
}

function questionsOf(number, { requestStream }) {
  const first = Buffer.from(`call ${number}, the same words; `.repeat(1 + (number % 40)));
  return requestStream ? [first, Buffer.alloc(0), Buffer.of(7), Buffer.from(`${number}|`.repeat(900)), first] : [first];
}

/** Settles with the record of the call. */
function ask(client, number, gzip) {
  const name = NAMES[number % NAMES.length];
  const { path, requestStream, responseStream } = METHODS[name];
  const questions = questionsOf(number, METHODS[name]);
  const record = { call: String(number), method: name, gzip, sent: questions.map(sum), got: [], code: 0, message: '' };
  const metadata = new Metadata();
  metadata.set('x-call', record.call);
  return new Promise((resolve) => {
    const take = (bytes) => record.got.push(sum(bytes));
    const answered = (_, bytes) => bytes !== undefined && take(bytes);
    const kind = `make${requestStream ? (responseStream ? 'Bidi' : 'Client') : responseStream ? 'Server' : 'Unary'}${requestStream || responseStream ? 'Stream' : ''}Request`;
    const words = [
      path,
      same,
      same,
      ...(requestStream ? [] : questions),
      metadata,
      ...(responseStream ? [] : [answered]),
    ];
    const call = client[kind](...words);
    if (responseStream) call.on('data', take).on('error', () => {});
    call.on('status', ({ code, details }) => {
      Object.assign(record, { code, message: details });
      // The answer of a call that has one is told after its status.
      setImmediate(() => resolve(record));
    });
    if (requestStream) {
      for (const question of questions) call.write(question);
      call.end();
    }
  });
}

async function askAll(port, count) {
  const [plain, gzip] = [clientOf(port, false), clientOf(port, true)];
  let next = 0;
  const one = async () => {
    while (next < count) {
      const number = next++;
      const isGzip = number % 3 === 0;
      const record = await ask(isGzip ? gzip : plain, number, isGzip);
      process.stdout.write(`${JSON.stringify(record)}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  plain.close();
  gzip.close();
}

const [act, port, count] = process.argv.slice(2);
if (act === 'serve') serve(port);
else await askAll(port, Number(count));
