// The traffic of one port while `act` runs, shown to one judge live and to another judge by `--read` of what tcpdump wrote
// meanwhile.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dump, readEach } from '../capture.mjs';

const { createSniffer } = createRequire(import.meta.url)(
  fileURLToPath(new URL('../../dist/index.js', import.meta.url)),
);

const RING_BYTES = 64 * 1024 * 1024;
/** The time for the last packets of a connection that ends. */
const SETTLE_MS = 300;

/** Returns what `act` returned, how much a busy machine dropped, and the engine's counters. */
export async function watch({ port, file, keylog, live, read }, act) {
  const sniffer = createSniffer({
    ports: [port],
    interface: 'lo',
    streamMessages: true,
    ...(keylog && { tlsKeylog: [keylog] }),
    binaryBodies: 'base64',
    ringBufferBytes: RING_BYTES,
    logLevel: 'silent',
  });
  for (const event of ['message', 'streamMessage']) sniffer.on(event, (message) => live.take(message));
  await sniffer.start();
  const written = await dump([port], file);
  let told;
  let ofFile;
  try {
    told = await act();
    await sleep(SETTLE_MS);
  } finally {
    await sniffer.stop();
    ofFile = await written.stop();
  }
  const { engine: counters } = sniffer.stats();
  await readEach([port], file, keylog, ['--stream-messages'], (message) => read.take(message));
  return { told, counters, dropped: counters.dropped + counters.queueDropped + ofFile.dropped };
}

/** The messages of a savefile to a judge; returns the engine's counters. */
export async function readCounted({ port, file, keylog }, judge) {
  const sniffer = createSniffer({
    ports: [port],
    pcapFile: file,
    streamMessages: true,
    ...(keylog && { tlsKeylog: [keylog] }),
    binaryBodies: 'base64',
    logLevel: 'silent',
  });
  for (const event of ['message', 'streamMessage']) sniffer.on(event, (message) => judge.take(message));
  const ended = once(sniffer, 'end');
  await sniffer.start();
  await ended;
  return sniffer.stats().engine;
}
