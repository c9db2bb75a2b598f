/** The options of `tcp-sniffer injector`: for each its flag, its variable, its default, and what it must be. */

import { isIP } from 'node:net';
import { LOG_LEVELS, MAX_PORT, MIN_PORT } from '../config';
import { type Check, integer, oneOf } from '../config/checks';
import { LABEL_NAME, OBJECT_NAME, parseImage, parseSecretKey } from './names';
import type { InjectorConfig, NativeMode } from './operator-config';
import { NO_POLICY, readPolicy } from './policy';
import { SECRETS } from './secrets';
import { readNamespaces, readSidecarOptions } from './sidecar-options';
import { checkSnifferText } from './sniffer-text';

const NATIVE_MODES: readonly NativeMode[] = ['auto', 'always', 'never'];

export interface InjectorOption {
  field: keyof InjectorConfig;
  flag: string;
  variable: string;
  /** Name of the flag's value in the help. */
  argument: string;
  help: string;
  /** Throws what is expected. */
  parse?(text: string, production: boolean): unknown;
  /** In place of `parse`, of an option that is an object: that object, or its text. Throws what is expected. */
  read?(given: unknown, production: boolean): unknown;
  check?: Check;
  default?: unknown;
  /** A complaint does not show the given value. */
  secret?: boolean;
}

const port = { parse: number, check: integer(MIN_PORT, MAX_PORT), argument: 'port' };

export const INJECTOR_OPTIONS: readonly InjectorOption[] = [
  {
    field: 'image',
    flag: '--image',
    variable: 'INJECTOR_IMAGE',
    argument: 'reference',
    help: 'image of the sidecar (required)',
    parse: parseImage,
  },
  {
    field: 'imagePullPolicy',
    flag: '--image-pull-policy',
    variable: 'INJECTOR_IMAGE_PULL_POLICY',
    argument: 'policy',
    help: 'Always, IfNotPresent, Never',
    check: oneOf(['Always', 'IfNotPresent', 'Never']),
    default: 'IfNotPresent',
  },
  {
    field: 'native',
    flag: '--native',
    variable: 'INJECTOR_NATIVE',
    argument: 'mode',
    help: 'native sidecars: auto (where the server is 1.29 or later), always, never',
    check: oneOf(NATIVE_MODES),
    default: 'auto',
  },
  { ...port, field: 'port', flag: '--port', variable: 'INJECTOR_PORT', help: 'serve the webhook there', default: 8443 },
  {
    ...port,
    field: 'healthPort',
    flag: '--health-port',
    variable: 'INJECTOR_HEALTH_PORT',
    help: 'serve /healthz, /readyz and /metrics there',
    default: 8081,
  },
  {
    field: 'certificates',
    flag: '--certificates',
    variable: 'INJECTOR_CERTIFICATES',
    argument: 'source',
    help: 'files (something else fills the folder) or self (made, kept in a Secret, renewed)',
    check: oneOf(['files', 'self']),
    default: 'files',
  },
  {
    field: 'tlsDir',
    flag: '--tls-dir',
    variable: 'INJECTOR_TLS_DIR',
    argument: 'folder',
    help: 'has tls.crt and tls.key; read again when they change',
    default: '/etc/tcp-sniffer/tls',
  },
  {
    field: 'tlsSecret',
    flag: '--tls-secret',
    variable: 'INJECTOR_TLS_SECRET',
    argument: 'name',
    help: 'self: the Secret',
    parse: matching(OBJECT_NAME, 'the name of a Secret'),
    default: 'tcp-sniffer-injector-tls',
  },
  {
    field: 'webhookConfiguration',
    flag: '--webhook-configuration',
    variable: 'INJECTOR_WEBHOOK_CONFIGURATION',
    argument: 'name',
    help: 'self: the MutatingWebhookConfiguration whose caBundle is set',
    parse: matching(OBJECT_NAME, 'the name of a MutatingWebhookConfiguration'),
    default: 'tcp-sniffer-injector',
  },
  {
    field: 'service',
    flag: '--service',
    variable: 'INJECTOR_SERVICE',
    argument: 'name',
    help: 'self: the Service that the certificate is for',
    parse: matching(LABEL_NAME, 'the name of a Service'),
    default: 'tcp-sniffer-injector',
  },
  {
    field: 'tlsNames',
    flag: '--tls-names',
    variable: 'INJECTOR_TLS_NAMES',
    argument: 'list',
    help: 'self: further DNS names and IP addresses in the certificate',
    parse: hosts,
    default: [],
  },
  {
    field: 'namespace',
    flag: '--namespace',
    variable: 'NAMESPACE',
    argument: 'name',
    help: "where the injector runs; default: the service account's",
    parse: matching(LABEL_NAME, 'the name of a namespace'),
  },
  {
    field: 'serviceAccountDir',
    flag: '--service-account-dir',
    variable: 'INJECTOR_SERVICE_ACCOUNT_DIR',
    argument: 'folder',
    help: 'has token, ca.crt and namespace',
    default: '/var/run/secrets/kubernetes.io/serviceaccount',
  },
  {
    field: 'sidecarPorts',
    flag: '--sidecar-ports',
    variable: 'INJECTOR_SIDECAR_PORTS',
    argument: 'list',
    help: "server ports; default: the TCP ports that the pod's containers declare",
    parse: forSniffer('ports'),
  },
  {
    field: 'sidecarInterface',
    flag: '--sidecar-interface',
    variable: 'INJECTOR_SIDECAR_INTERFACE',
    argument: 'name',
    help: 'interface; default: the first that is up and not a loopback',
    parse: forSniffer('interface'),
    default: '',
  },
  {
    field: 'sidecarOutputUrl',
    flag: '--sidecar-output-url',
    variable: 'INJECTOR_SIDECAR_OUTPUT_URL',
    argument: 'url',
    help: 'the sidecar POSTs messages to this URL; default: JSON lines on its stdout',
    parse: forSniffer('outputUrl'),
    secret: true,
  },
  ...SECRETS.map(
    ({ annotation, option, help }): InjectorOption => ({
      field: option,
      flag: `--sidecar-${annotation}`,
      variable: `INJECTOR_SIDECAR_${annotation.toUpperCase().replaceAll('-', '_')}`,
      argument: 'name/key',
      help: `${help}, in a Secret of the pod's namespace`,
      parse: parseSecretKey,
      secret: true,
    }),
  ),
  resource('sidecarCpuRequest', '--sidecar-cpu-request', 'INJECTOR_SIDECAR_CPU_REQUEST', '100m'),
  resource('sidecarMemoryRequest', '--sidecar-memory-request', 'INJECTOR_SIDECAR_MEMORY_REQUEST', '256Mi'),
  resource('sidecarCpuLimit', '--sidecar-cpu-limit', 'INJECTOR_SIDECAR_CPU_LIMIT', '500m'),
  resource('sidecarMemoryLimit', '--sidecar-memory-limit', 'INJECTOR_SIDECAR_MEMORY_LIMIT', '512Mi'),
  {
    field: 'sidecarOptions',
    flag: '--sidecar-options',
    variable: 'INJECTOR_SIDECAR_OPTIONS',
    argument: 'json',
    help: 'further options of every sidecar by the names of their annotations, e.g. {"sample-rate": 0.1}; annotations win',
    read: readSidecarOptions,
    default: {},
  },
  {
    field: 'policy',
    flag: '--policy',
    variable: 'INJECTOR_POLICY',
    argument: 'json',
    help: 'what pods may ask for: images, outputHosts, redactHeaders, redactQuery, redactBody, redact, locked, maxBodySize, maxSampleRate, tlsKeylog',
    read: readPolicy,
    default: NO_POLICY,
  },
  {
    field: 'namespaces',
    flag: '--namespaces',
    variable: 'INJECTOR_NAMESPACES',
    argument: 'json',
    help: 'such options by namespaces, e.g. {"shop": {"sample-rate": 1}}, which win over those of every sidecar',
    read: readNamespaces,
    default: {},
  },
  {
    field: 'events',
    flag: '--events',
    variable: 'INJECTOR_EVENTS',
    argument: 'boolean',
    help: "true: a pod that is left without a sidecar is a warning event on its owner, e.g. on the Deployment's ReplicaSet",
    read: trueOrFalse,
    default: false,
  },
  {
    field: 'clientCa',
    flag: '--client-ca',
    variable: 'INJECTOR_CLIENT_CA',
    argument: 'file',
    help: 'CA (PEM) of the clients that the webhook answers: API servers with a certificate; default: every client',
  },
  {
    field: 'logLevel',
    flag: '--log-level',
    variable: 'LOG_LEVEL',
    argument: 'level',
    help: LOG_LEVELS.join(', '),
    check: oneOf(LOG_LEVELS),
    default: 'info',
  },
];

function resource(field: keyof InjectorConfig, flag: string, variable: string, value: string): InjectorOption {
  const [, what, kind] = flag.match(/-(cpu|memory)-(\w+)$/) ?? [];
  return { field, flag, variable, argument: 'quantity', help: `${what} ${kind} of the sidecar`, default: value };
}

function trueOrFalse(given: unknown): boolean {
  if (given === true || given === 'true') return true;
  if (given === false || given === 'false') return false;
  throw new Error('must be true or false');
}

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error('must be a number');
  return Number(text);
}

function matching(pattern: RegExp, expected: string): (text: string) => string {
  return (text) => {
    if (!pattern.test(text)) throw new Error(`must be ${expected}`);
    return text;
  };
}

function hosts(text: string): string[] {
  const names = text.split(',').map((each) => each.trim());
  const bad = names.find((each) => isIP(each) === 0 && !OBJECT_NAME.test(each));
  if (bad !== undefined) throw new Error('must be DNS names and IP addresses separated by commas');
  return names;
}

function forSniffer(field: 'ports' | 'interface' | 'outputUrl') {
  return (text: string, production: boolean) => checkSnifferText(field, text, production);
}
