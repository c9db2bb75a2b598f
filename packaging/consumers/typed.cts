// TypeScript's view of the types by `require`; never run, only compiled.
import sniffing = require('tcp-sniffer');

const sniffer: sniffing.Sniffer = sniffing.createSniffer({ ports: [80] });
sniffer.on('message', (message: sniffing.HttpMessage) => console.log(message.statusCode?.toFixed()));
