// node worker.mjs FILE PORT: its messages, a line each, read in a thread of its own; the addon is in two threads of one process.
import { isMainThread, Worker } from 'node:worker_threads';
import { createSniffer } from 'tcp-sniffer';

if (isMainThread) {
  const sniffer = createSniffer({ ports: [Number(process.argv[3])], pcapFile: process.argv[2], logLevel: 'warn' });
  await sniffer.start();
  await sniffer.stop();
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
} else {
  await import('./savefile.mjs');
}
