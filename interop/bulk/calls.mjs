// The calls of grpc-go and grpc-js as the sniffers show them, against the records of their clients (grpc-go/main.go, peers/calls.mjs).
import { createHash } from 'node:crypto';
import { Faults } from './faults.mjs';

const SERVICE = 'interop.v1.Everything';
/** The server ends them when it likes, so that the client may not get to send all. */
const CUT_SHORT = ['Fail', 'FailLate', 'Slow', 'Missing'];
const DEADLINE_EXCEEDED = 4;

const sum = (base64) =>
  createHash('sha256')
    .update(Buffer.from(base64 ?? '', 'base64'))
    .digest('hex');
/** The parts of a message that are judged: 100 000 calls with all their bodies are more than Node keeps. */
const judged = ({ direction, headers, grpc, grpcMessages = [], incomplete, bodyTruncated, gapBytes }) => ({
  direction,
  call: headers['x-call'],
  grpc,
  held: grpcMessages.filter(({ truncated }) => !truncated).map(({ data }) => sum(data)),
  incomplete,
  isCut: Boolean(bodyTruncated || gapBytes),
});
const isBeginning = (part, all) => part.every((value, index) => value === all[index]);

export class CallJudge {
  #faults = new Faults();
  #exchanges = new Map();
  shown = 0;

  take(message) {
    this.shown++;
    const { id, direction, stream, sequence, truncated, data } = message;
    const exchange = this.#exchanges.get(id) ?? { request: [], response: [], inside: { request: [], response: [] } };
    this.#exchanges.set(id, exchange);
    if (stream === undefined) exchange[direction].push(judged(message));
    else {
      const inside = exchange.inside[direction];
      const isRequest = direction === 'request';
      const follows = sequence === inside.length + 1 && !(isRequest && exchange.isCut);
      if (stream !== 'grpc' || !follows || (truncated && !isRequest))
        this.#faults.add('not whole', `${id} ${sequence}`);
      if (truncated) exchange.isCut = true;
      else inside.push(sum(data));
    }
  }

  #judge(record, { request: [request, ...second], response: [response, ...more], inside, isCut: endsCut }) {
    const { call, method, gzip, sent, got, code, message } = record;
    const fault = (kind, detail) => this.#faults.add(kind, `${method} ${call}: ${detail}`);
    if (second.length + more.length > 0) fault('twice', `${second.length} ${more.length}`);
    const { grpc } = request;
    if (grpc?.service !== SERVICE || grpc.method !== method || grpc.status !== undefined)
      fault('a request', JSON.stringify(grpc));
    if (gzip !== (grpc.encoding === 'gzip')) fault('a coding', grpc.encoding);
    const isCut = CUT_SHORT.includes(method);
    // The server's reset may come in the middle of a message.
    if (endsCut && !(isCut && request.incomplete === 'reset'))
      fault('a message of a request is cut', request.incomplete);
    if (!isBeginning(inside.request, sent) || (!isCut && inside.request.length < sent.length))
      fault('messages of a request', `${inside.request.length} of ${sent.length}`);
    if (String(inside.response) !== String(got))
      fault('messages of a response', `${inside.response.length} of ${got.length}`);
    for (const [half, streamed] of [
      [request, inside.request],
      [response, inside.response],
    ]) {
      const held = half?.held ?? [];
      if (String(held) !== String(streamed))
        fault('a body', `${half?.direction}: ${held.length} of ${streamed.length}`);
    }
    // The server resets it without a word, or it tells the status.
    const isReset = response === undefined || response.incomplete === 'reset';
    if (code === DEADLINE_EXCEEDED && isReset && response?.grpc?.status === undefined) return;
    const { status, statusMessage = '' } = response?.grpc ?? {};
    if (status !== code || statusMessage !== message)
      fault('a status', `${status} ${statusMessage} of ${code} ${message}`);
    if (response?.incomplete || response?.isCut) fault('a flag', response.incomplete);
  }

  complaints(records) {
    const byCall = new Map();
    for (const exchange of this.#exchanges.values()) {
      const call = exchange.request[0]?.call;
      if (call === undefined || byCall.has(call)) this.#faults.add('an exchange of no call', `${call}`);
      byCall.set(call, exchange);
    }
    // A deadline may be over before anything of the call is on the wire.
    const isUnsent = ({ call, code, sent }) => !byCall.has(call) && code === DEADLINE_EXCEEDED && sent.length === 0;
    const onWire = records.filter((record) => !isUnsent(record));
    for (const record of onWire) {
      const exchange = byCall.get(record.call);
      if (exchange === undefined) this.#faults.add('a call that is not shown', `${record.method} ${record.call}`);
      else this.#judge(record, exchange);
    }
    if (byCall.size !== onWire.length) this.#faults.add('calls', `${byCall.size} of ${onWire.length}`);
    return this.#faults.list();
  }
}
