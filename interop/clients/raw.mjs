// A client that writes HTTP/1.1 by itself: it pipelines, cuts what it sends at odd places, waits for 100, and goes away in the
// middle. `raw.mjs PLAN`
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Answers } from './answers.mjs';
import { inPieces, plan, record, recordAnswer, uploadOf } from './records.mjs';

/** A server that does not know Expect says nothing; a client then sends after a while (RFC 9110 §10.1.1). */
const CONTINUE_WAIT_MS = 300;
const LIMIT_MS = 20_000;

function headOf({ method, target, chunked, expect, version = '1.1' }, body) {
  const lines = [`${method} ${target} HTTP/${version}`, `Host: ${plan.host}:${plan.port}`];
  if (chunked) lines.push('Transfer-Encoding: chunked');
  else if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  if (expect) lines.push('Expect: 100-continue');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

function framed({ chunked, extension = '' }, body) {
  if (body === undefined) return Buffer.alloc(0);
  if (!chunked) return body;
  const chunks = [...inPieces(body)].flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}${extension}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}

class Connection {
  #socket = connect(plan.port, plan.host).setNoDelay(true);
  #answers = new Answers(this.#socket);

  /** In two writes, the first of which ends inside the head or the body. */
  async send(exchange) {
    const body = uploadOf(exchange);
    const [head, rest] = [headOf(exchange, body), framed(exchange, body)];
    this.#answers.expect(exchange);
    if (exchange.abort === 'upload') {
      this.#socket.write(Buffer.concat([head, rest.subarray(0, rest.length / 2)]));
      await sleep(100);
      this.#socket.destroy();
    } else if (exchange.expect) {
      this.#socket.write(head);
      await Promise.race([this.#answers.interim(), sleep(CONTINUE_WAIT_MS)]);
      this.#socket.write(rest);
    } else {
      const bytes = Buffer.concat([head, rest]);
      const anywhere = 1 + (bytes.length % 97);
      const cut = exchange.cutsLines ? anywhere : Math.max(anywhere, head.indexOf('\n') + 1);
      this.#socket.write(bytes.subarray(0, cut));
      if (!exchange.pipelined) await sleep(1);
      this.#socket.write(bytes.subarray(cut));
    }
  }

  async receive({ id, abort }) {
    if (abort === 'download') {
      const { status, headers } = await this.#answers.head();
      record({ id, status, got: headers['x-got'], aborted: true });
      this.#socket.destroy();
      return;
    }
    const { status, headers, body } = await this.#answers.next();
    const content = headers['content-encoding'] === 'gzip' && body.length > 0 ? gunzipSync(body) : body;
    recordAnswer(id, status, headers['x-got'], content);
  }

  get isOpen() {
    return this.#socket.writable && !this.#answers.ended;
  }

  destroy() {
    this.#socket.destroy();
  }

  async close() {
    if (this.#socket.closed) return;
    this.#socket.end();
    await Promise.race([once(this.#socket, 'close').catch(() => {}), sleep(1000)]);
    this.#socket.destroy();
  }
}

async function run({ exchanges, pipelined, cutsLines }) {
  let connection = new Connection();
  const guard = setTimeout(() => connection.destroy(), LIMIT_MS);
  const attempt = async (exchange, act) => {
    try {
      await act();
    } catch (error) {
      record({ id: exchange.id, ...(exchange.abort ? { aborted: true } : { error: error.message }) });
    }
  };
  if (pipelined) for (const exchange of exchanges) await connection.send({ ...exchange, pipelined, cutsLines });
  for (const exchange of exchanges) {
    if (!pipelined && !connection.isOpen) connection = new Connection();
    await attempt(exchange, async () => {
      if (!pipelined) await connection.send({ ...exchange, cutsLines });
      if (exchange.abort === 'upload') record({ id: exchange.id, aborted: true });
      else await connection.receive(exchange);
    });
  }
  await connection.close();
  clearTimeout(guard);
}

for (const group of plan.groups) await run(group);
