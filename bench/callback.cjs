// `callback.cjs FILE PORT`: a savefile to a JS callback; says {messages, bytes, seconds} from start() to the end, on stderr.
const { createSniffer } = require('../dist/index.js');

const [pcapFile, port] = process.argv.slice(2);
let messages = 0;
let bytes = 0;
const sniffer = createSniffer({
  pcapFile,
  ports: [Number(port)],
  logLevel: 'error',
  onHttpMessage(message) {
    messages++;
    bytes += message.bodySize;
  },
});
const began = performance.now();
sniffer.on('end', () => console.error(JSON.stringify({ messages, bytes, seconds: (performance.now() - began) / 1000 })));
void sniffer.start();
