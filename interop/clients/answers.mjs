// The answers on one socket, for the raw client: as RFC 9112 §6.3 says, for well-formed answers.

const END = Buffer.from('\r\n\r\n');
const parsedHead = (text) => {
  const [start, ...lines] = text.split('\r\n');
  const fields = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return { status: Number(start.split(' ')[1]), version: start.split(' ')[0], headers: Object.fromEntries(fields) };
};

export class Answers {
  #bytes = Buffer.alloc(0);
  #wake = () => {};
  #asked = [];
  #interim = Promise.withResolvers?.() ?? withResolvers();
  ended = false;

  constructor(socket) {
    const over = () => {
      this.ended = true;
      this.#wake();
    };
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      if (/^HTTP\/1\.1 1\d\d/.test(this.#bytes.subarray(0, 12).toString('latin1'))) this.#interim.resolve();
      this.#wake();
    });
    socket.on('end', over).on('error', over).on('close', over);
  }

  expect({ method }) {
    this.#asked.push(method);
  }

  /** Resolves when an interim answer begins. */
  interim() {
    return this.#interim.promise;
  }

  async #until(isThere) {
    for (let found = isThere(); ; found = isThere()) {
      if (found !== undefined) return found;
      if (this.ended) throw new Error('the server closed the connection');
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(length) {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** The head of the next final answer. */
  async head() {
    for (;;) {
      const length = await this.#until(() => {
        const at = this.#bytes.indexOf(END);
        return at < 0 ? undefined : at + END.length;
      });
      const head = parsedHead(this.#take(length).subarray(0, -END.length).toString('latin1'));
      if (head.status >= 200) return head;
    }
  }

  #exactly(length) {
    return this.#until(() => (this.#bytes.length >= length ? length : undefined)).then(() => this.#take(length));
  }

  async #line() {
    const length = await this.#until(() => {
      const at = this.#bytes.indexOf('\r\n');
      return at < 0 ? undefined : at + 2;
    });
    return this.#take(length).subarray(0, -2).toString('latin1');
  }

  async #chunks() {
    const pieces = [];
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16);
      if (size === 0) break;
      pieces.push(await this.#exactly(size));
      await this.#line();
    }
    while ((await this.#line()) !== '');
    return Buffer.concat(pieces);
  }

  async #body({ status, headers }) {
    if (this.#asked.shift() === 'HEAD' || status === 204 || status === 304) return Buffer.alloc(0);
    if (headers['transfer-encoding']?.toLowerCase() === 'chunked') return this.#chunks();
    if (headers['content-length'] !== undefined) return this.#exactly(Number(headers['content-length']));
    await this.#until(() => (this.ended ? true : undefined));
    return this.#take(this.#bytes.length);
  }

  async next() {
    const head = await this.head();
    const body = await this.#body(head);
    // A connection that the server is about to close takes no further request.
    if (closes(head)) await this.#until(() => (this.ended ? true : undefined));
    return { ...head, body };
  }
}

function closes({ version, headers }) {
  const connection = headers.connection?.toLowerCase();
  return connection === 'close' || (version === 'HTTP/1.0' && connection !== 'keep-alive');
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
