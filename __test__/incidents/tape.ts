/** Packets with times, to a savefile: pcap with raw IPv4. One connection an exchange. */

export interface End {
  ip: string;
  port: number;
}

/** Who ends a connection, and how. */
export type Ending = 'none' | 'client-fin' | 'client-reset' | 'server-fin';

export interface Exchanged {
  client: End;
  server: End;
  /** In ms since the epoch, as are the others. */
  atMs: number;
  request: string;
  /** Each part with its time. */
  response: readonly (readonly [atMs: number, bytes: string])[];
  endMs: number;
  ending: Ending;
}

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;
const LINKTYPE_RAW = 101;
const SEGMENT_BYTES = 1_400;

interface Packet {
  micros: number;
  order: number;
  bytes: Buffer;
}

export class Tape {
  readonly #packets: Packet[] = [];

  add({ client, server, atMs, request, response, endMs, ending }: Exchanged): void {
    const next = { client: 1_000, server: 5_000 };
    let micros = Math.round(atMs * 1_000);
    const put = (from: 'client' | 'server', flags: number, payload: Buffer = Buffer.alloc(0)): void => {
      const [source, target] = from === 'client' ? [client, server] : [server, client];
      const ack = flags === SYN ? 0 : next[from === 'client' ? 'server' : 'client'];
      this.#packets.push({
        micros,
        order: this.#packets.length,
        bytes: packet(source, target, next[from], ack, flags, payload),
      });
      micros += 1;
      next[from] += payload.length + (flags & (SYN | FIN) ? 1 : 0);
    };
    const send = (from: 'client' | 'server', text: string): void => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += SEGMENT_BYTES)
        put(from, PSH | ACK, bytes.subarray(at, at + SEGMENT_BYTES));
    };
    put('client', SYN);
    put('server', SYN | ACK);
    put('client', ACK);
    send('client', request);
    put('server', ACK);
    for (const [partMs, text] of response) {
      micros = Math.max(micros, Math.round(partMs * 1_000));
      send('server', text);
      put('client', ACK);
    }
    micros = Math.max(micros, Math.round(endMs * 1_000));
    if (ending === 'client-reset') put('client', RST | ACK);
    else if (ending !== 'none') {
      const [first, second] =
        ending === 'client-fin' ? (['client', 'server'] as const) : (['server', 'client'] as const);
      put(first, FIN | ACK);
      put(second, FIN | ACK);
      put(first, ACK);
    }
  }

  savefile(): Buffer {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(262_144, 16);
    header.writeUInt32LE(LINKTYPE_RAW, 20);
    const sorted = [...this.#packets].sort((a, b) => a.micros - b.micros || a.order - b.order);
    return Buffer.concat([
      header,
      ...sorted.flatMap(({ micros, bytes }) => {
        const record = Buffer.alloc(16);
        record.writeUInt32LE(Math.floor(micros / 1e6), 0);
        record.writeUInt32LE(micros % 1e6, 4);
        record.writeUInt32LE(bytes.length, 8);
        record.writeUInt32LE(bytes.length, 12);
        return [record, bytes];
      }),
    ]);
  }
}

/** Checksums are left out: a passive reader does not verify them. */
function packet(from: End, to: End, seq: number, ack: number, flags: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(40 + payload.length, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(6, 9);
  Buffer.from([...from.ip.split('.'), ...to.ip.split('.')].map(Number)).copy(header, 12);
  header.writeUInt16BE(from.port, 20);
  header.writeUInt16BE(to.port, 22);
  header.writeUInt32BE(seq, 24);
  header.writeUInt32BE(ack, 28);
  header.writeUInt8(5 << 4, 32);
  header.writeUInt8(flags, 33);
  header.writeUInt16BE(0xffff, 34);
  return Buffer.concat([header, payload]);
}
