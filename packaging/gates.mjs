// The demands that an addon may make on a machine: the C library's own files, no glibc newer than promised, nothing unresolved. The
// readers take the words of readelf and objdump (with LC_ALL=C), so that they can be tested without an addon.

/** Files of glibc and of musl, and the compiler's own run time. */
const LIBC_FILES = [
  /^libc\.so\.6$/,
  /^libm\.so\.6$/,
  /^libpthread\.so\.0$/,
  /^libdl\.so\.2$/,
  /^librt\.so\.1$/,
  /^libgcc_s\.so\.1$/,
  /^ld-linux[-\w]*\.so\.\d$/,
  /^libc\.so$/,
  /^libc\.musl-\w+\.so\.1$/,
];

/** The libraries that `readelf -d` says are needed. */
export function neededLibraries(dynamicSection) {
  return [...dynamicSection.matchAll(/\(NEEDED\)\s+Shared library: \[([^\]]+)\]/g)].map(([, name]) => name);
}

const numbers = (version) => version.split('.').map(Number);

/** Below, at or above zero as `a` is older than, as old as or newer than `b`; `2.9` is older than `2.17`. */
export function compareVersions(a, b) {
  const [left, right] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The newest glibc that `objdump -T` says a symbol comes from; undefined where none does, as on musl. */
export function newestGlibc(dynamicSymbols) {
  const versions = [...dynamicSymbols.matchAll(/\bGLIBC_(\d+(?:\.\d+)+)\b/g)].map(([, version]) => version);
  return versions.sort(compareVersions).at(-1);
}

/** Symbols that `objdump -T` says must be found elsewhere: `{ name, version }`; weak symbols may stay unfound. */
export function undefinedSymbols(dynamicSymbols) {
  const symbols = [];
  for (const line of dynamicSymbols.split('\n')) {
    const match = /^[0-9a-f]+ (.{7}) \*UND\*\s+[0-9a-f]+\s+(?:\(?(\w+_[\d.]+)\)?\s+)?(\S+)$/.exec(line);
    if (match && !match[1].includes('w')) symbols.push({ name: match[3], version: match[2] });
  }
  return symbols;
}

/**
 * The faults of an addon, a sentence each; empty when it may be published.
 * @param facts what the tools said of the file: `dynamicSection` (readelf -d), `dynamicSymbols` (objdump -T)
 * @param limits `libc` gnu or musl, `glibcFloor`
 */
export function complaints({ dynamicSection, dynamicSymbols }, { libc, glibcFloor }) {
  const wrong = [];
  const needed = neededLibraries(dynamicSection);
  if (needed.length === 0) wrong.push('it needs no library at all, not even libc: readelf was not understood');
  for (const name of needed) {
    if (!LIBC_FILES.some((pattern) => pattern.test(name))) wrong.push(`it needs ${name}, which is not libc's own`);
  }
  const newest = newestGlibc(dynamicSymbols);
  if (libc === 'gnu' && newest === undefined) wrong.push('no symbol of glibc was found: objdump was not understood');
  if (libc === 'musl' && newest !== undefined) wrong.push(`it is for musl and asks for glibc ${newest}`);
  if (libc === 'gnu' && newest !== undefined && compareVersions(newest, glibcFloor) > 0) {
    wrong.push(`it asks for glibc ${newest}, and ${glibcFloor} is what is promised`);
  }
  for (const { name, version } of undefinedSymbols(dynamicSymbols)) {
    if (/^pcap_/.test(name)) wrong.push(`it looks for ${name} elsewhere: libpcap is not inside`);
    else if (libc === 'gnu' && version === undefined) wrong.push(`it looks for ${name}, and nothing it needs has that`);
  }
  if (!/\sg\s+DF\s+\.text\s.*\bnapi_register_module_v1$/m.test(dynamicSymbols)) {
    wrong.push('napi_register_module_v1 is not exported: Node cannot load it');
  }
  return wrong;
}

/** How the files of a tarball differ from those that are listed for it, a sentence each. */
export function listComplaints(files, listed) {
  const unlisted = files.filter((path) => !listed.includes(path)).map((path) => `${path} is not on the list`);
  const missing = listed.filter((path) => !files.includes(path)).map((path) => `${path} is on the list and missing`);
  return [...unlisted, ...missing].sort();
}
