// The traffic of the live tests as a pure function of a number, so that client, server and test agree without talking.
const { gzipSync } = require('node:zlib');

const MEGABYTE = 1_000_000;

/** Text, or bytes that are no UTF-8, of a given size; different for each seed. */
function content(seed, size, binary = false) {
  const bytes = Buffer.alloc(size);
  let state = (seed * 2_654_435_761) >>> 0;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = binary ? state >>> 24 : 97 + ((state >>> 24) % 26);
  }
  if (binary && size > 0) bytes[0] = 0xff;
  return bytes;
}

function inChunks(bytes, count) {
  const size = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size)).filter(
    (chunk) => chunk.length > 0,
  );
}

const json = (value) => Buffer.from(JSON.stringify(value));
const NOTHING = Buffer.alloc(0);

const KINDS = [
  (i) => ({ method: 'GET', status: 200, response: content(i, i % 700) }),
  (i) => ({
    method: 'POST',
    type: 'application/json',
    request: json({ i, text: 'ä–😀' }),
    status: 201,
    response: json({ ok: true, i }),
  }),
  (i) => ({ method: 'POST', request: content(i, 3000), requestChunks: 4, status: 200, response: content(i + 1, 10) }),
  (i) => ({ method: 'GET', status: 200, response: content(i, 5000), responseChunks: 5 }),
  (i) => ({ method: 'GET', status: 200, encoding: 'gzip', response: gzipSync(content(i, 400)) }),
  (i) => ({ method: 'HEAD', status: 200, announced: 100 + i }),
  () => ({ method: 'DELETE', status: 204 }),
  () => ({ method: 'GET', status: 304 }),
  (i) => ({ method: 'PUT', request: content(i, 2000, true), status: 200, response: NOTHING }),
  (i) => ({ method: 'GET', status: 404, response: json({ error: 'ünknown', i }) }),
];

/** Few, since each is worth a thousand others. */
const LARGE = {
  1000: (i) => ({ method: 'GET', status: 200, response: content(i, MEGABYTE) }),
  3000: (i) => ({ method: 'POST', request: content(i, MEGABYTE), status: 200, response: NOTHING }),
  5000: (i) => ({
    method: 'POST',
    request: content(i, MEGABYTE),
    requestChunks: 30,
    status: 200,
    response: content(i + 1, MEGABYTE),
    responseChunks: 20,
  }),
};

/** Exchange number `i`: what the client sends and what the server answers. */
exports.plan = function plan(i) {
  const {
    request = NOTHING,
    response = NOTHING,
    requestChunks,
    responseChunks,
    ...rest
  } = (LARGE[i] ?? KINDS[i % KINDS.length])(i);
  return {
    ...rest,
    path: `/exchange/${i}?of=live`,
    request,
    response,
    requestChunks: requestChunks && inChunks(request, requestChunks),
    responseChunks: responseChunks && inChunks(response, responseChunks),
  };
};
