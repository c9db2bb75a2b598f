// Savefiles of any size for what real traffic cannot be made of in a minute: 100 000 connections at once, long runs.
// Ethernet, IPv4, TCP, no checksums; each connection has a client address of its own.
import { closeSync, openSync, writeSync } from 'node:fs';
import { PORT } from './captures.mjs';

const FRAME_BYTES = 54;
const RECORD_BYTES = 16;
const MSS = 1_460;
const FLUSH_BYTES = 1 << 20;
const STEP_MICROS = 5;
const START_SECONDS = 1_715_934_600;
const FIN = 0x11;
const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
const NOTHING = Buffer.alloc(0);
const SMALL_ANSWER = '{"id":4711,"name":"a thing that a shop sells"}';

const request = Buffer.from('GET /items/4711 HTTP/1.1\r\nHost: shop.example.test\r\nAccept: */*\r\n\r\n');
const answer = (body) =>
  Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
const posted = (bytes) =>
  Buffer.from(`POST /items HTTP/1.1\r\nHost: shop.example.test\r\nContent-Length: ${bytes}\r\n\r\n`);
const text = (bytes) => '{"text":"word by word"},'.repeat(bytes / 24 + 1).slice(0, bytes);

/** Connections that are all open at once, with `exchanges` in all, one connection after the other; returns the counts. */
export function atOnce(path, { connections, exchanges, bodyBytes = SMALL_ANSWER.length }) {
  const response = answer(bodyBytes === SMALL_ANSWER.length ? SMALL_ANSWER : text(bodyBytes));
  return writing(path, (tape) => {
    const all = Array.from({ length: connections }, (_, index) => tape.open(index));
    for (let n = 0; n < exchanges; n++) tape.exchange(all[n % connections], response);
    return 2 * exchanges;
  });
}

/** Connections that come and go, `each` exchanges in each. */
export function oneByOne(path, { connections, each }) {
  const response = answer(SMALL_ANSWER);
  return writing(path, (tape) => {
    for (let index = 0; index < connections; index++) {
      const connection = tape.open(index);
      for (let n = 0; n < each; n++) tape.exchange(connection, response);
      tape.close(connection);
    }
    return 2 * each * connections;
  });
}

/** Connections that all stand in the middle of a request's body, of which the last byte never comes. */
export function inBodies(path, { connections, bodyBytes }) {
  const head = posted(bodyBytes + 1);
  const body = Buffer.from(text(bodyBytes));
  return writing(path, (tape) => {
    for (let index = 0; index < connections; index++) {
      const connection = tape.open(index);
      tape.send(connection, 'client', head);
      tape.send(connection, 'client', body);
    }
    return connections;
  });
}

/** A savefile that `fill` writes; it returns the number of messages. */
export function writing(path, fill) {
  const tape = new Tape(path);
  const messages = fill(tape);
  tape.end();
  return { file: path, messages, packets: tape.packets };
}

class Tape {
  packets = 0;
  #file;
  #buffer = Buffer.alloc(2 * FLUSH_BYTES);
  #used = 0;

  constructor(path) {
    this.#file = openSync(path, 'w');
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(262_144, 16);
    header.writeUInt32LE(1, 20);
    writeSync(this.#file, header);
  }

  open(index) {
    const connection = { address: 0x0b000000 + index, client: 1, server: 1 };
    this.#packet(connection, 'client', SYN, NOTHING, -1);
    this.#packet(connection, 'server', SYN_ACK, NOTHING, -1);
    return connection;
  }

  exchange(connection, response) {
    this.send(connection, 'client', request);
    this.send(connection, 'server', response);
  }

  send(connection, from, bytes) {
    for (let at = 0; at < bytes.length; at += MSS) {
      const part = bytes.subarray(at, at + MSS);
      this.#packet(connection, from, ACK, part);
      connection[from] += part.length;
    }
  }

  close(connection) {
    for (const from of ['client', 'server']) {
      this.#packet(connection, from, FIN, NOTHING);
      connection[from]++;
    }
  }

  end() {
    writeSync(this.#file, this.#buffer, 0, this.#used);
    closeSync(this.#file);
  }

  #packet({ address, client, server }, from, flags, payload, shift = 0) {
    const buffer = this.#buffer;
    const bytes = FRAME_BYTES + payload.length;
    const micros = this.packets++ * STEP_MICROS;
    let at = this.#used;
    buffer.fill(0, at, at + RECORD_BYTES + FRAME_BYTES);
    buffer.writeUInt32LE(START_SECONDS + Math.floor(micros / 1e6), at);
    buffer.writeUInt32LE(micros % 1e6, at + 4);
    buffer.writeUInt32LE(bytes, at + 8);
    buffer.writeUInt32LE(bytes, at + 12);
    at += RECORD_BYTES;
    buffer.writeUInt16BE(0x0800, at + 12);
    buffer[at + 14] = 0x45;
    buffer.writeUInt16BE(bytes - 14, at + 16);
    buffer[at + 22] = 64;
    buffer[at + 23] = 6;
    const out = from === 'client';
    buffer.writeUInt32BE(out ? address : 0x0a000001, at + 26);
    buffer.writeUInt32BE(out ? 0x0a000001 : address, at + 30);
    buffer.writeUInt16BE(out ? 40_000 : PORT, at + 34);
    buffer.writeUInt16BE(out ? PORT : 40_000, at + 36);
    buffer.writeUInt32BE((out ? client : server) + shift, at + 38);
    buffer.writeUInt32BE(flags === SYN ? 0 : out ? server : client, at + 42);
    buffer[at + 46] = 0x50;
    buffer[at + 47] = flags;
    buffer.writeUInt16BE(0xffff, at + 48);
    payload.copy(buffer, at + FRAME_BYTES);
    this.#used = at + bytes;
    if (this.#used > FLUSH_BYTES) {
      writeSync(this.#file, buffer, 0, this.#used);
      this.#used = 0;
    }
  }
}
