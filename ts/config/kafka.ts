/** Where Kafka is: brokers, a topic, and how to talk to them, in one URL. The password is no part of it. */

import { ValidationError } from '../errors';
import { wrong } from './checks';
import { checkCompression } from './compression';
import { MAX_PORT, MIN_PORT } from './limits';

type KafkaCompression = 'none' | 'gzip' | 'zstd';

/** By their names in the URL, those in the protocol (RFC 4616, RFC 7677). */
const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

export type SaslMechanism = (typeof MECHANISMS)[keyof typeof MECHANISMS];

export interface KafkaTarget {
  readonly brokers: readonly { readonly host: string; readonly port: number }[];
  /** May have placeholders. */
  readonly topic: string;
  readonly tls: boolean;
  readonly compression: KafkaCompression;
  /** Absent: the brokers ask for no user. */
  readonly mechanism: SaslMechanism | undefined;
}

const DEFAULT_PORT = 9092;

const URL_PARTS = /^(kafkas?):\/\/([^/?#]*)\/([^/?#]*)(?:\?([^#]*))?$/i;
const BROKER = /^(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(?::(\d{1,5}))?$/i;
/** The names that a broker takes (`Topic.validate`). */
const TOPIC = /^(?!\.{1,2}$)[0-9A-Za-z._-]{1,249}$/;
/** A part of a topic that says where the process runs. */
export const PLACEHOLDER = /\{(namespace|node|pod|service)\}/g;

export type PlaceName = 'namespace' | 'node' | 'pod' | 'service';

const EXPECTED = 'kafka://host:port[,host:port…]/topic, or kafkas:// for TLS';

export function isTopic(text: string): boolean {
  return TOPIC.test(text);
}

/** @throws {ValidationError}; it shows nothing of a URL that has an `@` in it */
export function checkKafkaUrl(value: unknown, field: string, production: boolean): string {
  const { tls, mechanism } = readKafkaUrl(value, field);
  if (production && mechanism === 'PLAIN' && !tls) {
    throw new ValidationError(
      field,
      'sasl=plain sends the password as it is: it must be a kafkas:// URL in production',
    );
  }
  return value as string;
}

/** @throws {ValidationError} */
export function readKafkaUrl(value: unknown, field: string): KafkaTarget {
  if (typeof value === 'string' && value.includes('@')) {
    throw new ValidationError(
      field,
      'must carry no user name or password; use KAFKA_USERNAME and KAFKA_PASSWORD, and sasl=plain in the URL',
    );
  }
  const [, scheme = '', hosts = '', topic = '', query = ''] =
    URL_PARTS.exec(typeof value === 'string' ? value : '') ?? [];
  if (!isTopic(topic.replace(PLACEHOLDER, 'x'))) throw wrong(field, EXPECTED, value);
  const brokers = hosts.split(',').map((text) => {
    const [, host = '', port = String(DEFAULT_PORT)] = BROKER.exec(text) ?? [];
    const broker = { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    if (host === '' || broker.port < MIN_PORT || broker.port > MAX_PORT) throw wrong(field, EXPECTED, value);
    return broker;
  });
  return { brokers, topic, tls: scheme.toLowerCase() === 'kafkas', ...readQuery(query, field) };
}

function readQuery(query: string, field: string): Pick<KafkaTarget, 'compression' | 'mechanism'> {
  let compression: KafkaCompression = 'none';
  let mechanism: SaslMechanism | undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'compression') compression = readCompression(value, field);
    else if (name === 'sasl') mechanism = readMechanism(value, field);
    else throw new ValidationError(field, `has no parameters but compression and sasl, got '${name}'`);
  }
  return { compression, mechanism };
}

function readCompression(value: string, field: string): KafkaCompression {
  checkCompression(value, field);
  if (value === 'none' || value === 'gzip' || value === 'zstd') return value;
  throw new ValidationError(field, `compression must be one of none, gzip, zstd, got '${value}'`);
}

function readMechanism(value: string, field: string): SaslMechanism {
  const name = value.toLowerCase();
  if (Object.hasOwn(MECHANISMS, name)) return MECHANISMS[name as keyof typeof MECHANISMS];
  throw new ValidationError(field, `sasl must be one of ${Object.keys(MECHANISMS).join(', ')}, got '${value}'`);
}
