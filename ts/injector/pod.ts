/** The parts of a pod that the injector looks at. In: JSON of unknown shape. Out: a pod that can be read without doubt, or none. */

type Fields = Record<string, unknown>;

interface Named extends Fields {
  name: string;
}

export type Container = Named;
export type Volume = Named;

export interface Pod extends Fields {
  metadata?: (Fields & { annotations?: Record<string, string> | null; labels?: Record<string, string> | null }) | null;
  spec: Fields & { containers: Container[]; initContainers?: Container[] | null; volumes?: Volume[] | null };
}

/** `undefined` where something that the injector has to look at is not what the API server's schema says. */
export function readPod(object: unknown): Pod | undefined {
  if (!isObject(object) || !isObject(object.spec) || !isAbsentOr(object.metadata, isObject)) return undefined;
  const { containers, initContainers, volumes } = object.spec;
  const { annotations, labels } = (object.metadata ?? {}) as Fields;
  const known =
    areNamed(containers) &&
    containers.length > 0 &&
    isAbsentOr(initContainers, areNamed) &&
    isAbsentOr(volumes, areNamed) &&
    isAbsentOr(annotations, areTexts) &&
    isAbsentOr(labels, areTexts);
  return known && haveOwnNames(allContainers(object as Pod)) ? (object as Pod) : undefined;
}

/** `null` is how some writers of JSON say "not there", and the API server takes it so. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every container that has a place of its own among the names: also init containers. */
export function allContainers({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** An init container that does not end: a native sidecar. */
function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

/** The containers and native sidecars. */
export function runningContainers({ spec }: Pod): Container[] {
  return [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
}

/** Ports that these containers declare for TCP, in order, each once. */
export function declaredPorts(containers: readonly Container[]): number[] {
  const ports = containers.flatMap((container) => (Array.isArray(container.ports) ? container.ports : []));
  const tcp = ports.filter((port) => isObject(port) && (isAbsent(port.protocol) || port.protocol === 'TCP'));
  return [...new Set(tcp.map(({ containerPort }) => containerPort).filter(isPort))];
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

function isAbsentOr(value: unknown, isOne: (value: unknown) => boolean): boolean {
  return isAbsent(value) || isOne(value);
}

function areNamed(value: unknown): value is Named[] {
  return Array.isArray(value) && value.every((each) => isObject(each) && typeof each.name === 'string');
}

function haveOwnNames(containers: readonly Container[]): boolean {
  return new Set(containers.map(({ name }) => name)).size === containers.length;
}

function areTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}
