// An engine without packets, for tests of the command as a process. It keeps to the addon's contract: credits, `end`
// last, errors with a code. The savefile's name says what is in it: `messages-N`, `broken-after-N`, `missing`; without
// one it is "live" and gives a message every few ms until stop(), on the interface `flood` a thousand, on `huge` fifty
// lines a second of 6 MB, whose bodies are NULs.

const CREDITS = 4;
/** So often the interface `late0` is not there. */
const LATE = 2;
let opened = 0;

function line(n, bytes = 100) {
  return `${JSON.stringify({ id: `c-${n}`, direction: 'request', path: `/${n}`, body: 'ä'.repeat(bytes / 2) })}\n`;
}

/** 1 MiB of body. */
const HUGE_BODY = Buffer.from('\\u0000'.repeat(1 << 20));

function hugeLine(n) {
  const isRequest = n % 2 === 0;
  const head = {
    id: `1.${n >> 1}`,
    timestamp: '2024-05-17T14:03:00.136Z',
    direction: isRequest ? 'request' : 'response',
    receiver: { ip: '10.0.0.5', port: 80 },
    destination: { ip: '10.0.0.9', port: 40_312 },
    ...(isRequest ? { method: 'POST', path: '/nul' } : { statusCode: 200 }),
    httpVersion: '1.1',
    headers: { 'content-type': 'text/plain' },
  };
  const tail = isRequest ? '' : ',"request":{"method":"POST","path":"/nul"},"latencyMs":1';
  return [`${JSON.stringify(head).slice(0, -1)},"body":"`, HUGE_BODY, `","bodySize":1048576${tail}}\n`].map((part) =>
    typeof part === 'string' ? Buffer.from(part) : part,
  );
}

class Capture {
  constructor(options) {
    this.options = options;
    this.credits = CREDITS;
    this.told = [];
    this.sent = 0;
    this.released = 0;
    this.stopped = false;
    this.ended = false;
  }

  async open(onEvent) {
    const { pcapFile } = this.options;
    this.onEvent = onEvent;
    if (pcapFile === undefined) {
      if (this.options.interface === 'nope0')
        throw Object.assign(new Error("no interface named 'nope0'; there are: lo"), { code: 'INVALID_INTERFACE' });
      if (this.options.interface === 'late0' && opened++ < LATE)
        throw Object.assign(new Error("no interface named 'late0'; there are: lo"), { code: 'INVALID_INTERFACE' });
      this.limit = Number.POSITIVE_INFINITY;
      const huge = this.options.interface === 'huge';
      this.timer = huge ? setInterval(() => this.#huge(), 20) : setInterval(() => this.#live(), 2);
      return {
        interface: this.options.interface ?? 'eth0',
        loopback: this.options.interface === 'lo',
        linkType: 1,
        linkTypeName: 'EN10MB',
      };
    }
    if (pcapFile === '-') {
      // A pipe that never shows its header.
      await new Promise((resolve) => {
        this.giveUp = resolve;
        this.timer = setInterval(() => {}, 1000);
      });
      clearInterval(this.timer);
      throw Object.assign(new Error("cannot open savefile '-': stopped"), { code: 'CAPTURE_OPEN_FAILED' });
    }
    if (pcapFile.includes('missing'))
      throw Object.assign(new Error(`cannot open savefile '${pcapFile}'`), { code: 'CAPTURE_OPEN_FAILED' });
    this.limit = Number(pcapFile.split('-').at(-1));
    this.broken = pcapFile.includes('broken');
    this.timer = setInterval(() => {}, 1000);
    // The engine is at it for long.
    if (!pcapFile.includes('endless')) setImmediate(() => this.#read());
    return { interface: pcapFile, loopback: false, linkType: 1, linkTypeName: 'EN10MB' };
  }

  #send(messages) {
    if (this.credits === 0) return false;
    this.credits--;
    let text = '';
    for (let i = 0; i < messages; i++) text += line(this.sent++);
    const lines = Buffer.from(text);
    this.told.push(lines);
    this.onEvent({ kind: 'batch', bytes: lines.length, messages });
    return true;
  }

  /** Nothing goes there by itself: all is left to the output. */
  openStdout() {}

  wantChanges() {}

  wantFacts() {}

  releaseFacts() {}

  writtenToStdout() {
    return 0;
  }

  seal() {
    return '0';
  }

  copyLines(target) {
    const told = this.told.shift();
    let at = 0;
    for (const part of Array.isArray(told) ? told : [told]) at += part.copy(target, at);
  }

  #huge() {
    if (this.credits === 0) return;
    this.credits--;
    const parts = hugeLine(this.sent++);
    this.told.push(parts);
    this.onEvent({ kind: 'batch', bytes: parts.reduce((sum, { length }) => sum + length, 0), messages: 1 });
  }

  #live() {
    const flood = this.options.interface === 'flood';
    this.starved = this.#send(flood ? 1000 : 1) ? 0 : (this.starved ?? 0) + 1;
    if (this.starved === 100)
      this.onEvent({ kind: 'notice', level: 'warn', name: 'starved', message: 'no credit for a while' });
  }

  #read() {
    if (this.ended) return;
    while (!this.stopped && this.sent < this.limit) {
      if (!this.#send(Math.min(100, this.limit - this.sent))) return;
    }
    if (this.broken && !this.stopped)
      this.onEvent({ kind: 'error', code: 'UNRECOVERABLE', message: `savefile is broken after packet ${this.sent}` });
    this.#end();
  }

  #end() {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.timer);
    this.onEvent({ kind: 'end' });
  }

  stop() {
    this.stopped = true;
    if (this.giveUp !== undefined) this.giveUp();
    else if (this.onEvent !== undefined) setImmediate(() => this.#end());
  }

  release() {
    this.credits++;
    this.released++;
    if (this.options.pcapFile !== undefined) this.#read();
  }

  stats() {
    return { messages: this.sent, batches_released: this.released };
  }
}

module.exports = {
  Capture,
  // Node makes it so with its stream.
  keepStdoutFromWaiting: () => void process.stdout,
  giveUpCapture() {
    if (process.env.FAKE_KEEPS_NET_RAW) throw new Error('2 threads still have it');
  },
  listInterfaces: () => [
    { name: 'lo', addresses: ['127.0.0.1', '::1'], up: true, running: true, loopback: true },
    { name: 'eth0', description: 'wire', addresses: [], up: false, running: false, loopback: false },
  ],
};
