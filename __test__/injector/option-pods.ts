// For every annotation that there is a pod that has it alone, and for the injector's options all of them at once. Made from the tables
// of the code: an option that is added there comes in by itself, or TEXTS has no text for it and the tests say so.

import { COMMAND_OPTIONS, type CommandOption } from '../../ts/config/command';
import { OPTIONS } from '../../ts/config/options';
import { OTEL_VARIABLES } from '../../ts/injector/otel-variables';
import { SECRETS } from '../../ts/injector/secrets';
import { ANNOTATION_NAMES } from '../../ts/injector/settings';
import { SIDECAR_OPTION_NAMES } from '../../ts/injector/sidecar-options';
import { checkSnifferText } from '../../ts/injector/sniffer-text';
import { annotated, type PodCase, pod } from './parts';

/** An option gets the first that it takes and that is not its default. */
const TEXTS = [
  ...['true', 'false', '0.25', '9464', '12', '600', '65536', '1MiB', 'strict', 'json', 'base64', 'debug'],
  ...['https://collector.example/in', 'kafka://broker.example/http', 'application/cloudevents+json'],
  ...['status=5xx and path=/orders', 'path=/api/', 'method,path'],
];

/** The text of each variable that an annotation sets. */
export const SAMPLES: readonly { annotation: string; variable: string; text: string }[] = [
  ...COMMAND_OPTIONS.flatMap((option) =>
    option.annotation === undefined
      ? []
      : [{ annotation: option.annotation.name, variable: option.variable ?? '', text: textFor(option) }],
  ),
  ...OTEL_VARIABLES.map(({ annotation, variable }) => ({ annotation, variable, text: 'team=shop' })),
];

function textFor({ field, parse }: CommandOption): string {
  const text = TEXTS.find((each) => {
    try {
      return (
        JSON.stringify(parse(checkSnifferText(field, each, true))) !==
        JSON.stringify((OPTIONS[field] as { default?: unknown }).default)
      );
    } catch {
      return false;
    }
  });
  if (text === undefined) throw new Error(`TEXTS has nothing for ${field}`);
  return text;
}

/** Annotations that set no variable of their own, or that of a Secret. */
export const OTHER_SAMPLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(SECRETS.map(({ annotation }) => [annotation, 'name/key'])),
  image: 'registry.example/tcp-sniffer:1',
  'cpu-request': '50m',
  'cpu-limit': '2',
  'memory-request': '128Mi',
  'memory-limit': '1Gi',
  native: 'false',
  'termination-grace-period-seconds': '60',
  'tls-keylog': 'false',
  'tls-keylog-containers': 'web',
  'host-network': 'true',
};

/** With one annotation each. */
export const WITH_EACH_OPTION: readonly PodCase[] = [
  ...SAMPLES.map(({ annotation, text }) => [annotation, text] as const),
  ...Object.entries(OTHER_SAMPLES),
].map(([annotation, text]) => ({
  name: `each-${annotation}`,
  pod: annotated({ [`tcp-sniffer/${annotation}`]: text }),
}));

const SECRET_OPTIONS = SECRETS.map(
  ({ annotation }) => `INJECTOR_SIDECAR_${annotation.toUpperCase().replaceAll('-', '_')}`,
);
const OF_THE_INJECTOR = SAMPLES.filter(({ annotation }) => SIDECAR_OPTION_NAMES.includes(annotation));
/** Options that do not go with others, each with those. */
const APART = ['fields'];

/** Of the policy, for the options that no other option goes against. */
const RULES = {
  ...{ redactHeaders: ['X-Secret'], redactQuery: ['Token'], redactBody: ['apiKey'], redact: 'strict' },
  ...{ maxBodySize: 4_096, maxSampleRate: 0.5 },
};

/** All options that the operator may set for every sidecar, and all locked. */
export const WITH_ALL_OPTIONS: readonly PodCase[] = [true, false].map((apart) => {
  const chosen = OF_THE_INJECTOR.filter(({ annotation }) => APART.includes(annotation) === apart);
  const options = Object.fromEntries(chosen.map(({ annotation, text }) => [annotation, text]));
  return {
    name: `all-options-${apart ? 'apart' : 'together'}`,
    pod: pod(),
    env: {
      INJECTOR_SIDECAR_OPTIONS: JSON.stringify(options),
      INJECTOR_POLICY: JSON.stringify({ locked: ANNOTATION_NAMES, ...(apart ? RULES : {}) }),
      ...(apart
        ? {}
        : {
            INJECTOR_SIDECAR_PORTS: '80,443',
            INJECTOR_SIDECAR_INTERFACE: 'eth0',
            INJECTOR_SIDECAR_OUTPUT_URL: 'https://collector.example/in',
            ...Object.fromEntries(SECRET_OPTIONS.map((variable) => [variable, 'name/key'])),
          }),
    },
  };
});
