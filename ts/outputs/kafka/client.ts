/**
 * Records in, their acknowledgement out. The only place that knows the client package, which is the user's to install: it is
 * looked for when the output is built, and loaded with the first request.
 */

import type { KafkaTarget, SaslMechanism } from '../../config/kafka';

export const CLIENT_PACKAGE = '@platformatic/kafka';

export interface KafkaRecord {
  readonly topic: string;
  /** Absent: the line did not say; any partition will do. */
  readonly key: Buffer | undefined;
  readonly value: Buffer;
  readonly headers: Map<Buffer, Buffer>;
}

export interface KafkaProducer {
  /** Resolves if every record was acknowledged by all in-sync replicas; rejects with the package's own errors. */
  send(records: KafkaRecord[]): Promise<void>;
  /** Forgets which broker leads which partition. */
  forget(): void;
  /** Lets every connection go. */
  close(): Promise<void>;
}

export interface KafkaClientOptions {
  target: KafkaTarget;
  sasl: { mechanism: SaslMechanism; username: string; password: string } | undefined;
  timeoutMs: number;
}

export interface KafkaClient {
  isInstalled(): boolean;
  connect(options: KafkaClientOptions): Promise<KafkaProducer>;
}

/** `-1`: all in-sync replicas (Kafka protocol, Produce). */
const ACKS_OF_ALL = -1;

export const kafkaClient: KafkaClient = {
  isInstalled() {
    try {
      require.resolve(CLIENT_PACKAGE);
      return true;
    } catch {
      return false;
    }
  },

  async connect({ target: { brokers, tls, compression }, sasl, timeoutMs }) {
    const { compatibilityPartitioner, Producer } = await import('@platformatic/kafka');
    const { isIP } = await import('node:net');
    let withoutKey = 0;
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
      clientId: 'tcp-sniffer',
      bootstrapBrokers: brokers.map(({ host, port }) => ({ host, port })),
      acks: ACKS_OF_ALL,
      compression,
      // The client loses acknowledged messages if it is idempotent and a request fails. Doubles can be told, losses cannot.
      idempotent: false,
      // The caller tries again: attempts are counted and bounded in one place.
      retries: 0,
      autocreateTopics: false,
      // Where the clients of Java and others have the same key. The package's own choice differs for half of all keys, and this function
      // has all records without a key in one partition.
      partitioner: (record, key) => (key === undefined ? withoutKey++ : compatibilityPartitioner(record, key)),
      connectTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      timeout: timeoutMs,
      ...(sasl === undefined ? {} : { sasl }),
      // NODE_TLS_REJECT_UNAUTHORIZED=0 of the host process does not count here. RFC 6066 §3: no address is a server's name.
      ...(tls
        ? { tls: { rejectUnauthorized: true }, tlsServerName: brokers.every(({ host }) => isIP(host) === 0) }
        : {}),
    });
    return {
      async send(messages) {
        await producer.send({ messages, acks: ACKS_OF_ALL });
      },
      forget: () => producer.clearMetadata(),
      close: () => producer.close(),
    };
  },
};
