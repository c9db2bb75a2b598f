/** The settings of the operator. Types alone. */

import type { LogLevel } from '../types';
import type { SecretKey } from './names';
import type { SecretOption } from './secrets';

export type NativeMode = 'auto' | 'always' | 'never';

export interface Policy {
  /** Images that an annotation may name beside the operator's, without tag and digest; `*` stands for any text. */
  images: string[];
  /** Hosts that messages may be sent to beside the operator's; `*.example.com` is every host under it. Left out: every host. */
  outputHosts?: string[];
  /** Names of headers that every sidecar redacts, in lower case. */
  redactHeaders: string[];
  /** Names of query parameters, of members of JSON and of form fields that every sidecar redacts. */
  redactQuery: string[];
  redactBody: string[];
  /** `strict`: every sidecar does. */
  redact: 'default' | 'strict';
  /** Annotations that pods must not have, without the prefix. */
  locked: string[];
  /** In bytes. */
  maxBodySize?: number;
  /** 0–1. */
  maxSampleRate?: number;
  /** Pods may ask for their TLS secrets to be logged. */
  tlsKeylog: boolean;
}

export interface InjectorConfig extends Partial<Record<SecretOption, SecretKey>> {
  /** HTTPS, for the API server. */
  port: number;
  /** Plain HTTP, for probes and scrapes. */
  healthPort: number;
  certificates: 'files' | 'self';
  /** Holds `tls.crt` and `tls.key`; `files` only. */
  tlsDir: string;
  /** The four of `self`: where the pair is kept, whose `caBundle` is set, and what the certificate is for. */
  tlsSecret: string;
  webhookConfiguration: string;
  service: string;
  tlsNames: string[];
  /** Where the injector itself runs: no pod there is injected. */
  namespace: string;
  /** Holds `token`, `ca.crt` and `namespace`. */
  serviceAccountDir: string;
  native: NativeMode;
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  sidecarPorts?: string;
  sidecarInterface: string;
  sidecarOutputUrl?: string;
  sidecarCpuRequest: string;
  sidecarMemoryRequest: string;
  sidecarCpuLimit: string;
  sidecarMemoryLimit: string;
  /** Further options of every sidecar, by the names of their annotations. */
  sidecarOptions: Record<string, string>;
  policy: Policy;
  /** By the name of a namespace: options of the sidecars in its pods, over those of every sidecar. */
  namespaces: Record<string, Record<string, string>>;
  /** Tells the owners of pods that are left without a sidecar by an event. */
  events: boolean;
  /** A file with the CA of those who may ask the webhook; without it every client may. */
  clientCa?: string;
  logLevel: LogLevel;
}
