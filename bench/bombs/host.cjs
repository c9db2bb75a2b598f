// `host.cjs PORT`: a program with a listener for every message. `host.cjs` alone does nothing: its event loop shows how busy the machine is.
// Both end at SIGTERM; the first says then on stdout what its listener got, as JSON.
const { createSniffer } = require('../../dist/index.js');

const [port] = process.argv.slice(2);
if (port === undefined) {
  setInterval(() => {}, 1_000);
  process.on('SIGTERM', () => process.exit());
} else watch(Number(port));

function watch(ports) {
  const halves = [];
  const bombs = { seen: 0, flagged: 0, longest: 0 };
  const sniffer = createSniffer({
    interface: 'lo',
    ports: [ports],
    onHttpMessage(message) {
      const path = message.path ?? message.request?.path ?? '';
      const [, kind, id] = /^\/(\w+)\/(\d+)$/.exec(path) ?? [];
      if (kind === 'ordinary') halves.push(`${message.direction} ${id}`);
      if (kind !== 'bomb' || message.bodyDecoded === undefined) return;
      bombs.seen++;
      bombs.flagged += message.bodyTruncated === true ? 1 : 0;
      bombs.longest = Math.max(bombs.longest, message.body?.length ?? 0);
    },
  });
  void sniffer.start();
  process.on('SIGTERM', async () => {
    await sniffer.stop();
    process.stdout.write(JSON.stringify({ halves, bombs }));
  });
}
