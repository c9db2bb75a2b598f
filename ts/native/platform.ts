/** Which platform package holds the addon for a machine, and what to do where it is not there. */

/** As `napi.targets` in package.json has them. */
const PLATFORMS = ['linux-x64-gnu', 'linux-x64-musl', 'linux-arm64-gnu', 'linux-arm64-musl'];

export interface Host {
  /** `process.platform`. */
  platform: string;
  /** `process.arch`. */
  arch: string;
  /** The C library; nothing outside Linux. */
  libc?: 'gnu' | 'musl';
}

export function thisHost(): Host {
  const { platform, arch } = process;
  if (platform !== 'linux') return { platform, arch };
  // Else a report looks up a name for every open socket; the types of Node 20 do not know it yet.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return { platform, arch, libc: header.glibcVersionRuntime === undefined ? 'musl' : 'gnu' };
}

const nameOf = ({ platform, arch, libc }: Host) => [platform, arch, ...(libc ? [libc] : [])].join('-');

/** Why there is no addon for this machine and what to do about it; `version` is this package's. */
export function whyMissing(host: Host, version: string): string {
  const name = nameOf(host);
  if (host.platform !== 'linux') {
    return `no addon for ${name}: tcp-sniffer works on Linux only; run it on a Linux machine or in a Linux container`;
  }
  if (!PLATFORMS.includes(name)) {
    return `no addon for ${name}: there are packages for ${PLATFORMS.join(', ')}; for others build it from source`;
  }
  const spec = `tcp-sniffer-${name}@${version}`;
  return (
    `the addon for ${name} is neither built nor installed: the package ${spec} is missing; install again without ` +
    `--omit=optional (--no-optional), or run \`npm install ${spec}\``
  );
}

/** Why an addon that is there does not load on this machine; `reason` is the system's. */
export function whyUnloadable(host: Host, reason: string): string {
  return `the addon for ${nameOf(host)} is there and does not load: ${reason}`;
}
