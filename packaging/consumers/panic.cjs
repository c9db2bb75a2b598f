// node panic.cjs FILE: a panic of the engine unwinds to the addon's edge and becomes an error, also as this toolchain has
// linked it; else the process is gone. The addon in the package cannot be asked to panic: this one beside us can.
const { join } = require('node:path');

process.env.NAPI_RS_NATIVE_LIBRARY_PATH = join(__dirname, 'faults.node');
process.env.TCP_SNIFFER_PANIC_AT_PACKET = '1';
const { createSniffer } = require('tcp-sniffer');

const sniffer = createSniffer({ ports: [80], pcapFile: process.argv[2], logLevel: 'silent' });
sniffer.on('error', (error) => console.log(error.code));
sniffer.start();
