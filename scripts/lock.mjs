// Completes package-lock.json after `npm install`, so that `npm ci` takes it on every registry: packages for other
// platforms that the registry at hand does not carry are left out of the lock by npm, and then missed by `npm ci`.
// They are pinned by their parents, so their entries are known without asking anybody. Download addresses go.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));

/** The platform on which a platform package runs, by its name. */
function platformOf(name) {
  const os = /-(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)(-|$)/.exec(name)?.[1];
  const cpu = /-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)(-|$)/.exec(name)?.[1];
  const libc = name.includes('musl') ? 'musl' : os === 'linux' && name.includes('gnu') ? 'glibc' : undefined;
  return { ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }), ...(os && { os: [os] }) };
}

for (const parent of Object.values(lock.packages)) {
  delete parent.resolved;
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`;
    const pinned = /^\d+\.\d+\.\d+/.test(version);
    if (lock.packages[at] || !pinned) continue;
    lock.packages[at] = { version, ...platformOf(name), ...(parent.dev && { dev: true }), optional: true };
    console.log(`added ${name}@${version}`);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
