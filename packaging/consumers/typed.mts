// TypeScript's view of the types by `import`; never run, only compiled.
import {
  createSniffer,
  EngineError,
  type HttpMessage,
  type Sniffer,
  type SnifferConfig,
  ValidationError,
} from 'tcp-sniffer';

const config: SnifferConfig = { ports: [80], pcapFile: 'x.pcap' };
const sniffer: Sniffer = createSniffer(config);
sniffer.on('message', (message: HttpMessage) => console.log(message.path?.length, message.receiver.port.toFixed()));
sniffer.on('error', (error) => console.log(error.message));
// @ts-expect-error a port is a number
createSniffer({ ports: ['80'] });
try {
  await sniffer.start();
} catch (error) {
  if (error instanceof ValidationError) console.log(error.field);
  if (error instanceof EngineError) console.log(error.code);
}
