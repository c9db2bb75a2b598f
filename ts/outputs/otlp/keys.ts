/** Names of attributes: of the semantic conventions 1.45.0 (HTTP, RPC, general), and those of our own. */

/** A name, with what stands before its value in each encoding. */
export class Key {
  readonly name: string;
  /** `KeyValue` in JSON, up to the kind of its value; attributes follow each other with a comma before each. */
  readonly json: string;
  /** `KeyValue` in Protocol Buffers: the field `key`, and the tag of the field `value`. */
  readonly proto: string;

  constructor(name: string) {
    this.name = name;
    this.json = `,{"key":${JSON.stringify(name)},"value":{`;
    if (name.length > 127) throw new Error('a name of more than 127 characters');
    this.proto = `\x0a${String.fromCharCode(name.length)}${name}\x12`;
  }
}

export const KEYS = {
  method: new Key('http.request.method'),
  methodOriginal: new Key('http.request.method_original'),
  statusCode: new Key('http.response.status_code'),
  requestBody: new Key('http.request.body.content'),
  responseBody: new Key('http.response.body.content'),
  path: new Key('url.path'),
  query: new Key('url.query'),
  scheme: new Key('url.scheme'),
  serverAddress: new Key('server.address'),
  serverPort: new Key('server.port'),
  clientAddress: new Key('client.address'),
  clientPort: new Key('client.port'),
  peerAddress: new Key('network.peer.address'),
  peerPort: new Key('network.peer.port'),
  localAddress: new Key('network.local.address'),
  localPort: new Key('network.local.port'),
  protocolName: new Key('network.protocol.name'),
  protocolVersion: new Key('network.protocol.version'),
  userAgent: new Key('user_agent.original'),
  errorType: new Key('error.type'),
  rpcSystem: new Key('rpc.system.name'),
  rpcMethod: new Key('rpc.method'),
  rpcMethodOriginal: new Key('rpc.method_original'),
  rpcStatus: new Key('rpc.status_code'),
  /** Of the message's line: the exchange is found by it in other outputs. */
  id: new Key('tcp_sniffer.id'),
  requestIncomplete: new Key('tcp_sniffer.request.incomplete'),
  responseIncomplete: new Key('tcp_sniffer.response.incomplete'),
  requestTruncated: new Key('tcp_sniffer.request.body_truncated'),
  responseTruncated: new Key('tcp_sniffer.response.body_truncated'),
} as const;
