// A host process of the library: `lifecycle.cjs stays|ends PORT`. `ends` stops its sniffer after a second and leaves the
// rest to Node: nothing may keep the process alive.
const { createSniffer } = require('../../dist/index.js');

const [mode, port] = process.argv.slice(2);
const sniffer = createSniffer({ ports: [Number(port)], interface: 'lo', onHttpMessage: () => {} });
sniffer.start().then(
  () => mode === 'ends' && setTimeout(() => sniffer.stop(), 1000),
  (error) => console.log(JSON.stringify({ code: error.code, message: error.message })),
);
