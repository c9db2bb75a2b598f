/** The settings of one pod's sidecar: the injector's defaults, and the pod's annotations over them. */

import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import { readKafkaUrl } from '../config/kafka';
import { topicOf } from '../outputs/kafka/topic';
import { suggest } from '../suggest';
import { type Mesh, meshOf } from './mesh';
import { INJECT_LABEL, PREFIX, parseImage, parseSecretKey, type SecretKey, STATUS_ANNOTATION } from './names';
import type { InjectorConfig } from './operator-config';
import {
  OTEL_VARIABLES,
  type OtelVariable,
  SERVICE_ANNOTATION,
  SERVICE_LABEL,
  SERVICE_VARIABLE,
} from './otel-variables';
import { declaredPorts, type Pod, runningContainers } from './pod';
import { quantity } from './quantity';
import { SECRETS, type SecretVariable } from './secrets';
import { CombinationError, checkSnifferText, checkSnifferTexts, refuseControls, variableFor } from './sniffer-text';

export interface Settings {
  image: string;
  imagePullPolicy: string;
  /** The sniffer's own options, by its variables. */
  env: Record<string, string>;
  secrets: Partial<Record<SecretVariable, SecretKey>>;
  cpuRequest: string;
  memoryRequest: string;
  cpuLimit: string;
  memoryLimit: string;
  /** The pod's own wish; without one the injector decides. */
  native?: boolean;
  /** In seconds; the pod gets at least this. */
  gracePeriod?: number;
  hostNetwork: boolean;
  /** The pod's containers log their TLS secrets for the sidecar: those that are named, or all. */
  tlsKeys: boolean;
  tlsKeysContainers?: string[];
  /** For the user who made the pod: what was left out, and what a mesh changes. */
  warnings: string[];
}

/** An annotation that is not what it must be. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError';

  /** `annotation` and `complaint` may be shown to anybody; neither has the value. */
  constructor(annotation: string, complaint: string) {
    super(`annotation ${annotation}: ${complaint}`);
  }
}

/** Less and Node does not start. */
export const MIN_MEMORY_BYTES = 64 * 2 ** 20;
/** The least that the kernel's scheduler can be told. */
export const MIN_CPU_CORES = 0.001;
/** More than any node has. A container that asks for it never starts: no node takes it, or the kernel refuses its quota. */
export const MAX_CPU_CORES = 1_024;
export const MAX_MEMORY_BYTES = 64 * 2 ** 40;
export const MAX_GRACE_SECONDS = 86_400;
/** Longer than any value that makes sense; all annotations of a pod together may have 256 KiB. */
export const MAX_VALUE_CHARS = 4_096;

const KAFKA = variableFor('outputKafka');
/** The sidecar's own is known when it runs; any of them fits. */
const SOME_PLACE = { pod: 'x', namespace: 'x', node: 'x' };

type Apply = (settings: Settings, text: string, production: boolean) => void;

interface Annotation {
  apply: Apply;
  /** For the documentation. */
  value: string;
}

/** Of the sniffer's own options: those whose row in the table has an annotation. */
const OF_THE_SNIFFER = COMMAND_OPTIONS.flatMap((option): [string, Annotation][] => {
  const { annotation } = option;
  return annotation === undefined ? [] : [[annotation.name, { apply: forSniffer(option), value: annotation.value }]];
});

const ANNOTATIONS: Readonly<Record<string, Annotation>> = {
  ...Object.fromEntries(OF_THE_SNIFFER),
  ...Object.fromEntries(OTEL_VARIABLES.map((each) => [each.annotation, { apply: forOtel(each), value: each.value }])),
  ...Object.fromEntries(SECRETS.map((each) => [each.annotation, secretFor(each)])),
  image: {
    apply: (settings, text) => {
      settings.image = parseImage(text);
    },
    value: 'reference of an image',
  },
  'cpu-request': quantityOf('cpuRequest', 'a quantity from `1m` to `1024`, not more than the limit'),
  'cpu-limit': quantityOf('cpuLimit', 'a quantity from `1m` to `1024`'),
  'memory-request': quantityOf('memoryRequest', 'a quantity from `64Mi` to `64Ti`, not more than the limit'),
  'memory-limit': quantityOf('memoryLimit', 'a quantity from `64Mi` to `64Ti`'),
  native: {
    apply: (settings, text) => {
      settings.native = yesOrNo(text);
    },
    value: '`true` or `false`',
  },
  'termination-grace-period-seconds': {
    apply: (settings, text) => {
      if (!/^\d{1,5}$/.test(text) || Number(text) > MAX_GRACE_SECONDS) {
        throw new Error(`must be seconds from 0 to ${MAX_GRACE_SECONDS}`);
      }
      settings.gracePeriod = Number(text);
    },
    value: `seconds, at most ${MAX_GRACE_SECONDS}; the pod gets at least these, and never less than it has`,
  },
  'tls-keylog': {
    apply: (settings, text) => {
      settings.tlsKeys = yesOrNo(text);
    },
    value:
      "`true`: the pod's containers log their TLS secrets, and the sidecar reads TLS with them; the operator's policy has to allow it",
  },
  'tls-keylog-containers': {
    apply: (settings, text) => {
      settings.tlsKeysContainers = text.split(',').map((name) => name.trim());
    },
    value: "names of the containers that do, `web,api`; without it all of the pod's own",
  },
  'host-network': {
    apply: (settings, text) => {
      settings.hostNetwork = yesOrNo(text);
    },
    value: '`true` allows a pod on the network of its node, whose traffic the sidecar then sees',
  },
};
/** Without the prefix. */
export const ANNOTATION_NAMES: readonly string[] = Object.keys(ANNOTATIONS);
/** The documentation's descriptions of their values. */
export const ANNOTATION_VALUES: readonly [name: string, value: string][] = Object.entries(ANNOTATIONS).map(
  ([name, { value }]) => [name, value],
);
/** Under our prefix and not options of the sidecar. */
const OTHERS = [INJECT_LABEL, STATUS_ANNOTATION];

/** @throws {AnnotationError} for the first annotation that is wrong or unknown */
export function readSettings(pod: Pod, config: InjectorConfig, production: boolean): Settings {
  const settings = defaultSettings(pod, config);
  for (const [name, text] of Object.entries(pod.metadata?.annotations ?? {})) {
    if (!name.startsWith(PREFIX) || OTHERS.includes(name)) continue;
    const option = name.slice(PREFIX.length);
    const known = Object.hasOwn(ANNOTATIONS, option) ? ANNOTATIONS[option] : undefined;
    if (known === undefined) {
      const near = suggest(option, ANNOTATION_NAMES);
      throw new AnnotationError(name, `is unknown${near === undefined ? '' : `; did you mean ${PREFIX}${near}?`}`);
    }
    attempt(name, () => {
      if (text.length > MAX_VALUE_CHARS) throw new Error(`must have at most ${MAX_VALUE_CHARS} characters`);
      refuseControls(text.trim());
      known.apply(settings, text.trim(), production);
    });
  }
  checkTogether(settings, production);
  keepSecretsFromOthers(settings, pod, defaultSettings(pod, config));
  if (!config.policy.locked.includes(SERVICE_ANNOTATION)) nameService(settings, pod);
  checkKafka(settings);
  const mesh = meshOf(pod);
  if (mesh !== undefined) tellOfMesh(settings, mesh, pod, config);
  attempt(`${PREFIX}cpu-request`, () => checkResources(settings.cpuRequest, settings.cpuLimit, 'cpu'));
  attempt(`${PREFIX}memory-request`, () => checkResources(settings.memoryRequest, settings.memoryLimit, 'memory'));
  return settings;
}

/** Texts that the sidecar would refuse at its start must not get into a pod. */
function checkTogether({ env }: Settings, production: boolean): void {
  try {
    checkSnifferTexts(env, production);
  } catch (error) {
    if (!(error instanceof CombinationError)) throw error;
    throw new AnnotationError(PREFIX + error.annotation, error.message);
  }
}

/** The settings of a pod without annotations. */
export function defaultSettings(pod: Pod, config: InjectorConfig): Settings {
  const mesh = meshOf(pod);
  const env: Record<string, string> = {
    ...config.sidecarOptions,
    [variableFor('interface')]: config.sidecarInterface || (mesh === undefined ? '' : LOOPBACK),
  };
  const ports = config.sidecarPorts ?? declaredPorts(mesh?.others ?? runningContainers(pod)).join(',');
  if (ports !== '') env[variableFor('ports')] = ports;
  if (config.sidecarOutputUrl !== undefined) env[variableFor('outputUrl')] = config.sidecarOutputUrl;
  return {
    image: config.image,
    imagePullPolicy: config.imagePullPolicy,
    env,
    secrets: Object.fromEntries(
      SECRETS.flatMap(({ option, variable }) => (config[option] === undefined ? [] : [[variable, config[option]]])),
    ),
    cpuRequest: config.sidecarCpuRequest,
    memoryRequest: config.sidecarMemoryRequest,
    cpuLimit: config.sidecarCpuLimit,
    memoryLimit: config.sidecarMemoryLimit,
    hostNetwork: false,
    tlsKeys: false,
    warnings: [],
  };
}

/** Where the plain text of a pod in a mesh is. */
export const LOOPBACK = 'lo';

/** A value from an annotation or from the injector's own option stays as it is. */
function tellOfMesh(settings: Settings, mesh: Mesh, { metadata }: Pod, config: InjectorConfig): void {
  const names = Object.keys(metadata?.annotations ?? {});
  const chosen = [
    ...(names.includes(`${PREFIX}interface`) || config.sidecarInterface !== '' ? [] : [`on ${LOOPBACK}`]),
    ...(names.includes(`${PREFIX}ports`) || config.sidecarPorts !== undefined
      ? []
      : ['the ports of the containers beside the proxy']),
  ];
  if (chosen.length === 0) return;
  settings.warnings.push(
    `this pod is in a mesh (${mesh.name}), so the sidecar captures ${chosen.join(' and ')}; ${PREFIX}interface and ${PREFIX}ports choose otherwise`,
  );
}

/** Secrets of the injector are for the injector's own URL. A pod that names another URL has to name the Secret for it, too. */
function keepSecretsFromOthers(settings: Settings, { metadata }: Pod, defaults: Settings): void {
  const isNamed = (name: string) => Object.hasOwn(metadata?.annotations ?? {}, PREFIX + name);
  for (const { field, annotation, variable = '' } of COMMAND_OPTIONS) {
    if (annotation === undefined || !isNamed(annotation.name)) continue;
    if (isSameUrl(settings.env[variable], defaults.env[variable])) continue;
    const left = SECRETS.filter(
      (each) => each.output === field && settings.secrets[each.variable] !== undefined && !isNamed(each.annotation),
    );
    if (left.length === 0) continue;
    for (const each of left) delete settings.secrets[each.variable];
    settings.warnings.push(
      `annotation ${PREFIX}${annotation.name} is not the URL that the operator set, so the sidecar goes without its ` +
        `${left.map(({ what }) => what).join(' and ')}; name yours by ${left.map((each) => PREFIX + each.annotation).join(' and ')}`,
    );
  }
}

/** Several brokers make no URL that a parser takes: these are compared as they are written. */
function isSameUrl(one = '', other = ''): boolean {
  return one === other || (URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href);
}

/** Outputs that tell of a service know it by the pod's label where nothing else names it, unless pods may not name it. */
function nameService({ env }: Settings, { metadata }: Pod): void {
  const label = metadata?.labels?.[SERVICE_LABEL];
  const isTold = env[variableFor('outputOtlp')] !== undefined || env[KAFKA] !== undefined;
  if (isTold && label) env[SERVICE_VARIABLE] ??= label;
}

/** A sidecar without a user, or without a part of its topic, would send nothing. */
function checkKafka({ env, secrets }: Settings): void {
  const url = env[KAFKA];
  if (url === undefined) return;
  const { topic, mechanism } = readKafkaUrl(url, 'outputKafka');
  const complain = (complaint: string): never => {
    throw new AnnotationError(`${PREFIX}output-kafka`, complaint);
  };
  if (mechanism !== undefined && !(secrets.KAFKA_USERNAME && secrets.KAFKA_PASSWORD))
    complain(`sasl needs ${PREFIX}kafka-username-secret and ${PREFIX}kafka-password-secret`);
  if (!topic.includes('{service}')) return;
  const service = env[SERVICE_VARIABLE] ?? '';
  if (service === '')
    complain(`{service} in its topic needs ${PREFIX}${SERVICE_ANNOTATION}, or the label ${SERVICE_LABEL}`);
  try {
    topicOf(topic, { production: true, identity: SOME_PLACE, otel: { serviceName: service } });
  } catch {
    complain('its topic with the name of the service is not a valid name of a topic');
  }
}

function attempt(annotation: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw new AnnotationError(annotation, (error as Error).message);
  }
}

/** The API server refuses a pod whose request is more than its limit; what is out of bounds keeps it from running. */
export function checkResources(request: string, limit: string, kind: 'cpu' | 'memory'): void {
  const [least, most] = [quantity(request), quantity(limit)];
  if (least === undefined || most === undefined) throw new Error(`${kind} must be a quantity, e.g. 100m or 256Mi`);
  if (least > most) throw new Error(`the ${kind} request must not be more than the limit`);
  const [minimum, maximum] = kind === 'cpu' ? [MIN_CPU_CORES, MAX_CPU_CORES] : [MIN_MEMORY_BYTES, MAX_MEMORY_BYTES];
  if (least < minimum) throw new Error(`${kind} must be at least ${kind === 'cpu' ? '1m' : '64Mi'}`);
  if (most > maximum) throw new Error(`${kind} must be at most ${kind === 'cpu' ? '1024' : '64Ti'}`);
}

function forSniffer({ field, emptyMeans }: CommandOption): Apply {
  return (settings, text, production) => {
    // A list of no names would turn redaction off unseen; `none` is the word for that.
    if (Array.isArray(emptyMeans) && !/[^,\s]/.test(text)) return;
    settings.env[variableFor(field)] = checkSnifferText(field, text, production);
  };
}

function secretFor({ variable, help }: (typeof SECRETS)[number]): Annotation {
  return {
    apply: ({ secrets }, text) => {
      secrets[variable] = parseSecretKey(text);
    },
    value: `\`NAME/KEY\` of a Secret in the pod's namespace: ${help}; the pod starts without it, too`,
  };
}

function forOtel({ variable, check }: OtelVariable): Apply {
  return ({ env }, text) => {
    check(text);
    env[variable] = text;
  };
}

function quantityOf(field: 'cpuRequest' | 'cpuLimit' | 'memoryRequest' | 'memoryLimit', value: string): Annotation {
  return {
    apply: (settings, text) => {
      if (quantity(text) === undefined) throw new Error('must be a quantity, e.g. 100m or 256Mi');
      settings[field] = text;
    },
    value,
  };
}

function yesOrNo(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new Error("must be 'true' or 'false'");
}
