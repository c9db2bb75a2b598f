/** Lines as the records of a topic. */

import { LINE_FEED } from '../../exchange/lines';
import { Members } from '../../exchange/members';
import type { KafkaRecord } from './client';

const ID = Buffer.from('id');
const RUN = Buffer.from('run');

export class Records {
  readonly #topic: string;
  readonly #run: Buffer;
  readonly #members = new Members();

  /** `run` is what tells the ids of two runs apart. */
  constructor(topic: string, run: string) {
    this.#topic = topic;
    this.#run = Buffer.from(run);
  }

  /** One for each line; their values are views into `lines`. */
  of(lines: Buffer): KafkaRecord[] {
    // A character a byte: what is cut out of it stands at the same place in the bytes.
    const text = lines.toString('latin1');
    const records: KafkaRecord[] = [];
    for (let start = 0; start < lines.length; ) {
      const feed = lines.indexOf(LINE_FEED, start);
      const end = feed === -1 ? lines.length : feed;
      const { id, connection } = this.#identify(lines, text, start);
      records.push({
        topic: this.#topic,
        key: connection === '' ? undefined : Buffer.from(connection, 'latin1'),
        value: lines.subarray(start, end),
        headers: new Map([
          [ID, Buffer.from(id, 'latin1')],
          [RUN, this.#run],
        ]),
      });
      start = end + 1;
    }
    return records;
  }

  /** The id and both ends stand at the front of each line: the rest of it, bodies too, is not looked at. */
  #identify(lines: Buffer, text: string, start: number): { id: string; connection: string } {
    const members = this.#members;
    let [id, server, client] = ['', '', ''];
    try {
      members.begin(lines, text, start);
      while ((id === '' || server === '' || client === '') && members.next()) {
        if (members.is('id')) id = members.string();
        else if (members.is('receiver')) server = endpointOf(members);
        else if (members.is('destination')) client = endpointOf(members);
      }
    } catch {
      // It is sent all the same, with what is known of it.
    }
    return { id, connection: server === '' || client === '' ? '' : `${client}-${server}` };
  }
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`. */
function endpointOf(members: Members): string {
  let ip = '';
  let port = 0;
  if (!members.enter()) return '';
  while (members.next()) {
    if (members.is('ip')) ip = members.string();
    else if (members.is('port')) port = members.number();
  }
  members.leave();
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
