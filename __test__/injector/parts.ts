// The parts of the pods of the tables.

import type { Asked, Json } from './rig';

export interface PodCase extends Asked {
  name: string;
  pod: Json;
}

export const web = { name: 'web', image: 'registry.example/web:1', ports: [{ containerPort: 8080 }] };
const LABEL = { 'tcp-sniffer/inject': 'true' };

export function pod(spec: Json = {}, metadata: Json = {}): Json {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: LABEL, ...metadata },
    spec: { containers: [web], ...spec },
  };
}

export function annotated(annotations: Json, spec: Json = {}): Json {
  return pod(spec, { annotations });
}
