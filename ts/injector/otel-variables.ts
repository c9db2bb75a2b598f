/** Annotations for which OpenTelemetry has variables of its own: they are no options of the sniffer. */

import { readPairs } from '../config/pairs';

export interface OtelVariable {
  annotation: string;
  variable: string;
  /** For the documentation. */
  value: string;
  /** Throws what is expected. */
  check(text: string): void;
}

/** The label that says what a pod is (Kubernetes, "Recommended Labels"). */
export const SERVICE_LABEL = 'app.kubernetes.io/name';
export const SERVICE_ANNOTATION = 'otel-service-name';
export const SERVICE_VARIABLE = 'OTEL_SERVICE_NAME';

export const OTEL_VARIABLES: readonly OtelVariable[] = [
  {
    annotation: SERVICE_ANNOTATION,
    variable: SERVICE_VARIABLE,
    value: `\`service.name\` of spans, and \`{service}\` of a topic; without it, unless it is locked, the label \`${SERVICE_LABEL}\` of the pod`,
    check(text) {
      if (!/^[^\p{Cc}]{1,255}$/u.test(text)) throw new Error('must be the name of a service, at most 255 characters');
    },
  },
  {
    annotation: 'otel-resource-attributes',
    variable: 'OTEL_RESOURCE_ATTRIBUTES',
    value:
      "attributes of the sender of the spans, in place of the operator's: `deployment.environment.name=prod,team=shop`, percent-encoded. The names of the pod, its namespace and its node stay real",
    check(text) {
      readPairs(text);
    },
  },
];
