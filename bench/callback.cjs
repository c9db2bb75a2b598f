// `callback.cjs FILE PORT [parse | fields=NAME,…]`: a savefile to a JS callback; says {messages, bytes, seconds} from start() to the end, on
// stderr. With `parse` each line goes through JSON.parse, as small batches do: the engine is never asked for changes.
const { createSniffer } = require('../dist/index.js');

const [pcapFile, port, way = ''] = process.argv.slice(2);
if (way === 'parse') require('../dist/native/binding.js').Capture.prototype.wantChanges = () => {};
const fields = way.startsWith('fields=') ? way.slice('fields='.length).split(',') : undefined;
let messages = 0;
let bytes = 0;
const sniffer = createSniffer({
  pcapFile,
  ports: [Number(port)],
  logLevel: 'error',
  fields,
  onHttpMessage(message) {
    messages++;
    bytes += message.bodySize ?? 0;
  },
});
const began = performance.now();
sniffer.on('end', () => console.error(JSON.stringify({ messages, bytes, seconds: (performance.now() - began) / 1000 })));
void sniffer.start();
