// Savefiles of HTTP/2 of any size: streams at once, connections at once, entries of the tables of HPACK. Frames as RFC 9113 has them, header
// blocks as RFC 7541.
import { writing } from './synthetic.mjs';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [DATA, HEADERS, SETTINGS] = [0, 1, 4];
const [END_STREAM, END_HEADERS] = [1, 4];
const HEADER_TABLE_SIZE = 1;
/** Of the static table: `:method: GET`, `:scheme: http`, `:status: 200`; the name of `:path`. */
const [GET, HTTP, OK] = [0x82, 0x86, 0x88];
const PATH = 4;
const FIRST_DYNAMIC = 62;
/** RFC 7541 §4.1: name, value and so much more. */
const ENTRY_OVERHEAD_BYTES = 32;
const NAME = 'x-entry-0000';
const BODY = Buffer.from('{"id":4711,"name":"a thing that a shop sells"}');

function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** RFC 7541 §5.1, with the bits that come before in `first`. */
function integer(value, prefixBits, first) {
  const most = 2 ** prefixBits - 1;
  if (value < most) return [first | value];
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

const text = (words) => Buffer.from([...integer(words.length, 7, 0), ...Buffer.from(words)]);
/** §6.2.2: with a name of the static table, not kept. */
const literal = (name, value) => Buffer.concat([Buffer.from(integer(name, 4, 0)), text(value)]);
/** §6.2.1: kept in the dynamic table. */
const kept = (name, value) => Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
/** §6.3, at the beginning of a block. */
const resized = (bytes) => Buffer.from(integer(bytes, 5, 0x20));
const indexed = (index) => Buffer.from(integer(index, 7, 0x80));

/**
 * `exchanges` in all on `connections`, of which each has `streams` open at a time. The client's table holds `tableBytes`, which are full of
 * entries, and each request names a few of them from all over the table.
 */
export function http2(path, { connections, streams, exchanges, tableBytes = 4_096 }) {
  return writing(path, (tape) => {
    const entries = Math.floor(tableBytes / (NAME.length + 4 + ENTRY_OVERHEAD_BYTES));
    const all = Array.from({ length: connections }, (_, index) => begun(tape, tape.open(index), tableBytes));
    let sent = 0;
    for (let turn = 0; sent < exchanges; turn++) {
      const { connection, next } = all[turn % connections];
      const count = Math.min(streams, exchanges - sent);
      const asked = [];
      for (let n = 0; n < count; n++) asked.push(request(next.stream + 2 * n, next, entries, tableBytes, sent + n));
      tape.send(connection, 'client', Buffer.concat(asked));
      const answered = [];
      // All are open before the first is answered.
      for (let n = 0; n < count; n++) {
        answered.push(frame(HEADERS, END_HEADERS, next.stream + 2 * n, Buffer.from([OK])));
        answered.push(frame(DATA, END_STREAM, next.stream + 2 * n, BODY));
      }
      tape.send(connection, 'server', Buffer.concat(answered));
      next.stream += 2 * count;
      sent += count;
    }
    return 2 * exchanges;
  });
}

function begun(tape, connection, tableBytes) {
  const size = Buffer.alloc(6);
  size.writeUInt16BE(HEADER_TABLE_SIZE, 0);
  size.writeUInt32BE(tableBytes, 2);
  tape.send(connection, 'client', Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, Buffer.alloc(0))]));
  tape.send(connection, 'server', Buffer.concat([frame(SETTINGS, 0, 0, size), frame(SETTINGS, 1, 0, Buffer.alloc(0))]));
  return { connection, next: { stream: 1, filled: 0 } };
}

/** The first requests of a connection fill the table, some entries each. */
function request(stream, next, entries, tableBytes, number) {
  const block = next.stream === 1 && stream === 1 ? [resized(tableBytes)] : [];
  block.push(Buffer.from([GET, HTTP]), literal(PATH, `/items/${number}`));
  for (let n = 0; n < FILLED_AT_ONCE && next.filled < entries; n++) {
    const digits = String(next.filled++).padStart(4, '0');
    block.push(kept(NAME.slice(0, -4) + digits, digits));
  }
  for (let n = 0; n < NAMED_AT_ONCE; n++) block.push(indexed(FIRST_DYNAMIC + ((number * 7 + n * 31) % next.filled)));
  return frame(HEADERS, END_STREAM | END_HEADERS, stream, Buffer.concat(block));
}

const FILLED_AT_ONCE = 20;
const NAMED_AT_ONCE = 5;
