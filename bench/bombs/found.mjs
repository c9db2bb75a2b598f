// The outcome of the traffic, by what an output wrote: the halves of ordinary exchanges (`request 17`), and the bombs.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const ORDINARY = /\/ordinary\/(\d+)(?!\d)/;

export class Found {
  halves = new Set();
  bombs = { seen: 0, flagged: 0, longest: 0 };

  /** A message, as a line of JSON. */
  message(line) {
    if (line.includes('/bomb/')) {
      if (!line.includes('"bodyDecoded"')) return;
      this.bombs.seen++;
      this.bombs.flagged += line.includes('"bodyTruncated":true') ? 1 : 0;
      this.bombs.longest = Math.max(this.bombs.longest, line.length);
    } else if (ORDINARY.test(line)) {
      const { direction, path, request } = JSON.parse(line);
      this.halves.add(`${direction} ${ORDINARY.exec(path ?? request.path)[1]}`);
    }
  }

  /** A line about an exchange that has both halves. */
  exchange(text) {
    for (const [, id] of text.matchAll(new RegExp(ORDINARY, 'g')))
      for (const direction of ['request', 'response']) this.halves.add(`${direction} ${id}`);
  }

  /** An entry of a HAR file; a response that is missing has the status 0. */
  entry(line) {
    if (line.includes('"response":{"status":200,')) this.exchange(line.slice(0, line.indexOf('"response":{')));
  }

  /** `how` is the name of one of the methods above. */
  async file(path, how) {
    for await (const line of createInterface({ input: createReadStream(path) })) this[how](line);
    return this;
  }

  toJSON() {
    return { halves: [...this.halves], bombs: this.bombs };
  }
}
