/** Records to a topic of Kafka. */

import { randomUUID } from 'node:crypto';
import { EnvironmentError, type RuntimeEnv } from '../../config/env';
import { type KafkaTarget, readKafkaUrl } from '../../config/kafka';
import { ValidationError } from '../../errors';
import { Delivery } from '../delivery/delivery';
import { LinesPacker } from '../delivery/lines';
import { limitsOf, type OutputContext } from '../kind';
import type { Output } from '../output';
import { CLIENT_PACKAGE, type KafkaClientOptions } from './client';
import { Records } from './records';
import { topicOf } from './topic';
import { KafkaTransport } from './transport';

/**
 * Where `outputBatch` says nothing. Kafka's own limit for a request is 1 MiB (`message.max.bytes`), keys and headers included:
 * some 110 bytes a record.
 */
const DEFAULT_BATCH = { maxMessages: 2_000, maxBytes: 786_432, maxDelayMs: 200, gzip: false };

/** The first Node.js that the second major version of the package takes, by its `engines`. */
const NODE_OF_SECOND_MAJOR = [22, 22] as const;

export function create(context: OutputContext): Output {
  const { config, runtime, deps } = context;
  const { outputBatch: batch = DEFAULT_BATCH, outputTimeoutMs: timeoutMs } = config;
  const url = readKafkaUrl(config.outputKafka, 'outputKafka');
  const target: KafkaTarget = batch.gzip && url.compression === 'none' ? { ...url, compression: 'gzip' } : url;
  const sasl = saslOf(target, runtime);
  const topic = topicOf(target.topic, runtime);
  if (!deps.kafka.isInstalled()) throw missingPackage(process.versions.node);
  return new Delivery({
    name: 'kafka',
    words: { sends: 'requests to Kafka', send: 'request to Kafka', sent: 'sent to Kafka' },
    packer: new LinesPacker({ ...batch, format: 'ndjson' }),
    transport: new KafkaTransport({
      connect: () => deps.kafka.connect({ target, sasl, timeoutMs }),
      records: new Records(topic, randomUUID()),
      schedule: deps.schedule,
    }),
    batch,
    ...limitsOf(context),
    concurrency: 1,
    ordered: true,
  });
}

export function missingPackage(nodeVersion: string): ValidationError {
  const [node = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [first, firstMinor] = NODE_OF_SECOND_MAJOR;
  const major = node > first || (node === first && minor >= firstMinor) ? 2 : 1;
  return new ValidationError(
    'outputKafka',
    `needs the package ${CLIENT_PACKAGE}, which is not installed: npm install ${CLIENT_PACKAGE}@${major}`,
  );
}

/** @throws {EnvironmentError} if there is a mechanism and no user */
export function saslOf({ mechanism }: KafkaTarget, { kafka: user }: RuntimeEnv): KafkaClientOptions['sasl'] {
  if (mechanism === undefined) return undefined;
  if (user === undefined) {
    throw new EnvironmentError('outputKafka', 'sasl needs the variables KAFKA_USERNAME and KAFKA_PASSWORD');
  }
  return { mechanism, ...user };
}
