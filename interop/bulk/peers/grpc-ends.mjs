// The ends of grpc-js's calls: messages are bytes as they are, in TLS where there is a certificate.
import { readFileSync } from 'node:fs';
import { Client, credentials, ServerCredentials } from '@grpc/grpc-js';
import { tls } from './window.mjs';

/** grpc-js names the coding by its number. */
const GZIP = 2;
export const same = (bytes) => bytes;
export const withCoding = (gzip) => (gzip ? { 'grpc.default_compression_algorithm': GZIP } : {});

export function methodOf(path, requestStream, responseStream) {
  return {
    ...{ path, requestStream, responseStream },
    ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
  };
}

export function listen(server, port) {
  const pair = tls();
  const security = pair
    ? ServerCredentials.createSsl(null, [{ cert_chain: readFileSync(pair.cert), private_key: readFileSync(pair.key) }])
    : ServerCredentials.createInsecure();
  server.bindAsync(`127.0.0.1:${port}`, security, (error) => {
    if (error) throw error;
  });
}

export function clientOf(port, gzip) {
  const pair = tls();
  const security = pair ? credentials.createSsl(readFileSync(pair.cert)) : credentials.createInsecure();
  return new Client(`127.0.0.1:${port}`, security, withCoding(gzip));
}
