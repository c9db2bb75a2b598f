/** Names that Kubernetes and the injector's users agree on. */

/** The container that is added, and by which an injected pod is known. */
export const CONTAINER_NAME = 'tcp-sniffer';
/** The empty volume that lies over the place of the service account's token in our container. */
export const NO_TOKEN_VOLUME = 'tcp-sniffer-no-token';
/** Where the API server mounts the token of the pod's service account (`DefaultAPITokenMountPath`). */
export const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The volume that containers write their TLS secrets to, and the init container that prepares it. */
export const KEYS_VOLUME = 'tcp-sniffer-tls-keys';
export const KEYS_CONTAINER = 'tcp-sniffer-tls-keys';
/** Where it is mounted. */
export const KEYS_PATH = '/run/tcp-sniffer-tls';
/** Prefix of the per-pod annotations. */
export const PREFIX = 'tcp-sniffer/';
/** The label that opts a pod or a namespace in. */
export const INJECT_LABEL = `${PREFIX}inject`;
/** The record of what was done to a pod, as JSON. */
export const STATUS_ANNOTATION = `${PREFIX}status`;

/** RFC 1123 subdomain, as names of Secrets and most other objects must be. */
export const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** RFC 1123 label, as names of namespaces and Services must be. */
export const LABEL_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
export const SECRET_KEY = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/;

const HOST_PART = '[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?';
const PATH_PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
/**
 * `[registry[:port]/]path[:tag][@digest]`, as container runtimes read it. A reference that is none would keep the pod from
 * starting, since a native sidecar comes first.
 */
export const IMAGE = new RegExp(
  `^((?:${HOST_PART}(?:\\.${HOST_PART})*(?::\\d{1,5})?/)?${PATH_PART}(?:/${PATH_PART})*)` +
    '(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$',
);
/** Without tag and digest. */
export const MAX_IMAGE_NAME_CHARS = 255;

export interface SecretKey {
  name: string;
  key: string;
}

/** Throws what is expected; never shows what came, since it may be the secret itself. */
export function parseSecretKey(text: string): SecretKey {
  const [name = '', key = '', more] = text.split('/');
  if (more !== undefined || !OBJECT_NAME.test(name) || !SECRET_KEY.test(key)) {
    throw new Error('must be NAME/KEY of a Secret in the namespace of the pod (value not shown)');
  }
  return { name, key };
}

export function parseImage(text: string): string {
  const [, name] = IMAGE.exec(text) ?? [];
  if (name === undefined || name.length > MAX_IMAGE_NAME_CHARS) {
    throw new Error('must be the reference of an image, e.g. registry.example/tcp-sniffer:1.0');
  }
  return text;
}
