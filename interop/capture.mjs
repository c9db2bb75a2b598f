// The messages of a session, as seen by two sniffers live, which differ in whether they remove content-codings, and by the command
// in the savefile that tcpdump wrote at the same time.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, start } from './processes.mjs';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const { createSniffer } = createRequire(import.meta.url)(join(dist, 'index.js'));

/** No body of the cases is larger, so nothing is cut by it. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** The bytes that a session may take of the disk; the largest takes a third of them. */
const MAX_SAVEFILE_BYTES = 1024 ** 3;
const TCPDUMP_BUFFER_KIB = 65_536;
/** The time for a server to close connections after its clients are gone. */
const SETTLE_MS = 300;
/** The time without a byte from tcpdump, which takes up to a second to get packets from the kernel. */
const SILENCE_LIMIT_MS = 20_000;
/** The SYN and the reset that answers it, and what a busy loopback may put after them. */
const MARK_BYTES = 4096;
const READ_LIMIT_MS = 120_000;

async function sniff(ports, decodeBody, keylog) {
  const messages = [];
  const sniffer = createSniffer({
    ports,
    interface: 'lo',
    decodeBody,
    ...(keylog && { tlsKeylog: [keylog] }),
    binaryBodies: 'base64',
    maxBodySize: MAX_BODY_BYTES,
    maxBufferedBytes: 8 * MAX_BODY_BYTES,
    ringBufferBytes: 2 * MAX_BODY_BYTES,
    logLevel: 'silent',
  });
  sniffer.on('message', (message) => messages.push(message));
  await sniffer.start();
  return {
    async stop() {
      await sniffer.stop();
      return { messages, counters: sniffer.stats().engine };
    },
  };
}

/** A packet to a port without a listener; that it is in the savefile says that all before it are. */
async function mark(port, file, tcpdump) {
  const localPort = await freePort();
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(localPort, 0);
  bytes.writeUInt16BE(port, 2);
  await new Promise((resolve) => connect({ port, host: '127.0.0.1', localPort }).on('error', resolve));
  let [written, deadline] = [0, 0];
  for (;;) {
    const { size, tail } = endOf(file, MARK_BYTES);
    if (tail.includes(bytes)) return;
    // The kernel ends it at the limit of the file, too.
    if (!tcpdump.isRunning()) throw new Error(`tcpdump ended before its last packet, with ${size} bytes written`);
    if (size > written) [written, deadline] = [size, Date.now() + SILENCE_LIMIT_MS];
    else if (Date.now() > deadline)
      throw new Error(`tcpdump wrote nothing for ${SILENCE_LIMIT_MS} ms, and no last packet`);
    await sleep(50);
  }
}

function endOf(file, length) {
  const descriptor = openSync(file, 'r');
  try {
    const tail = Buffer.alloc(length);
    const { size } = fstatSync(descriptor);
    return { size, tail: tail.subarray(0, readSync(descriptor, tail, 0, length, Math.max(0, size - length))) };
  } finally {
    closeSync(descriptor);
  }
}

/** tcpdump on these ports; `stop()` returns once all that was before it is in the file. */
export async function dump(ports, file, maxBytes = MAX_SAVEFILE_BYTES) {
  const last = await freePort();
  const filter = [...ports, last].map((port) => `tcp port ${port}`).join(' or ');
  const user = process.getuid() === 0 ? ['-Z', 'root'] : [];
  const tcpdump = [
    'tcpdump',
    '-i',
    'lo',
    '-s',
    '0',
    '-U',
    '-B',
    String(TCPDUMP_BUFFER_KIB),
    ...user,
    '-w',
    file,
    filter,
  ];
  // The kernel holds it to its share of the disk.
  const child = start(['bash', '-c', 'ulimit -f "$0"; exec "$@"', String(maxBytes / 1024), ...tcpdump]);
  while (!child.stderr().includes('listening on')) {
    if (!child.isRunning()) throw new Error(`tcpdump: ${child.stderr().trim()}`);
    await sleep(10);
  }
  return {
    async stop() {
      await mark(last, file, child);
      child.signal('SIGINT');
      const { code, stderr } = await child.done;
      if (code !== 0) throw new Error(`tcpdump: ${code} ${stderr.trim()}`);
      return { dropped: Number(/(\d+) packets dropped by kernel/.exec(stderr)?.[1]) };
    },
  };
}

/** The messages that the command shows of a savefile, one after the other. */
export async function readEach(ports, file, keylog, flags, onMessage) {
  let rest = '';
  const args = ['--read', file, '--ports', ports.join(), '--binary-bodies', 'base64', '--log-level', 'warn', ...flags];
  if (keylog) args.push('--tls-keylog', keylog);
  const child = start([process.execPath, join(dist, 'cli.js'), ...args], {
    onStdout(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) onMessage(JSON.parse(line));
    },
  });
  const timer = setTimeout(() => child.signal('SIGKILL'), READ_LIMIT_MS);
  const { code, stderr } = await child.done;
  clearTimeout(timer);
  if (code !== 0 || rest !== '') throw new Error(`--read ${file}: exit ${code}, ${stderr.trim()}`);
}

/** All of them. */
export async function read(ports, file, keylog) {
  const messages = [];
  const sizes = ['--max-body-size', String(MAX_BODY_BYTES), '--max-buffered-bytes', String(8 * MAX_BODY_BYTES)];
  await readEach(ports, file, keylog, sizes, (message) => messages.push(message));
  return messages;
}

/** Captures on these ports until `stop()`, which returns what was seen. `keylog`: the file of TLS secrets, if there is one. */
export async function capture(ports, file, keylog) {
  const sniffing = [true, false].map((decodeBody) => sniff(ports, decodeBody, keylog));
  const [decoded, asSent, savefile] = await Promise.all([...sniffing, dump(ports, file)]);
  return {
    async stop() {
      await sleep(SETTLE_MS);
      const [live, raw, written] = await Promise.all([decoded.stop(), asSent.stop(), savefile.stop()]);
      return { live, raw, written, read: await read(ports, file, keylog) };
    },
  };
}
