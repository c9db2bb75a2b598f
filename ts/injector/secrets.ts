/**
 * The secrets that a sidecar is given by reference: for each its annotation, the variable that holds it in the sidecar, and the
 * output that it is for. The injector sees names of Secrets, never what they hold.
 */

export const SECRETS = [
  {
    annotation: 'auth-secret',
    option: 'sidecarAuthSecret',
    variable: 'OUTPUT_URL_AUTH_TOKEN',
    output: 'outputUrl',
    what: 'token',
    help: 'the token for the output URL',
  },
  {
    annotation: 'otlp-headers-secret',
    option: 'sidecarOtlpHeadersSecret',
    variable: 'OTEL_EXPORTER_OTLP_HEADERS',
    output: 'outputOtlp',
    what: 'headers',
    help: 'headers of requests of OTLP, `authorization=Bearer%20abc`',
  },
  {
    annotation: 'kafka-username-secret',
    option: 'sidecarKafkaUsernameSecret',
    variable: 'KAFKA_USERNAME',
    output: 'outputKafka',
    what: 'user name',
    help: 'the user name for Kafka',
  },
  {
    annotation: 'kafka-password-secret',
    option: 'sidecarKafkaPasswordSecret',
    variable: 'KAFKA_PASSWORD',
    output: 'outputKafka',
    what: 'password',
    help: 'the password for Kafka',
  },
] as const;

/** The option of the injector that names it for every sidecar. */
export type SecretOption = (typeof SECRETS)[number]['option'];
export type SecretVariable = (typeof SECRETS)[number]['variable'];
