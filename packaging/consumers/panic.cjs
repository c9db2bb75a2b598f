// node panic.cjs FILE: a panic of the engine unwinds to the addon's edge and becomes an error, also as this toolchain has
// linked it; else the process is gone.
const { dirname, join } = require('node:path');

const dist = dirname(require.resolve('tcp-sniffer'));
const { DEFAULT_DEPS } = require(join(dist, 'deps.js'));
const { Sniffer } = require(join(dist, 'sniffer.js'));

const createCapture = (options) => DEFAULT_DEPS.createCapture({ ...options, panicAtPacket: 1 });
const config = { ports: [80], pcapFile: process.argv[2], logLevel: 'silent' };
const sniffer = new Sniffer(config, { ...DEFAULT_DEPS, createCapture });
sniffer.on('error', (error) => console.log(error.code));
sniffer.start();
