// What this machine can say of addons that are not for it: that of arm64 runs in an emulator, those for musl are loaded by
// musl's own loader. Reads the tarballs in dist/packages, on an x86-64 Debian with
// apt-get install qemu-user libc6-arm64-cross libstdc++6-arm64-cross musl
//   node packaging/foreign.mjs
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installNode, nodeVersion } from './machine.mjs';
import { PACKAGES } from './pack.mjs';
import { installToolchain, MANIFEST, platformNamed, ROOT, run, zigPython } from './platforms.mjs';

/** Any version that emulates well. */
const NODE = '20';
const ARM64 = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'];

const LOADER = `
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **words) {
  void *addon = dlopen(words[count - 1], RTLD_NOW);
  if (!addon || !dlsym(addon, "napi_register_module_v1")) { puts(dlerror()); return 1; }
  puts("loads");
  return 0;
}
`;

const tarballOf = (name) => join(PACKAGES, `${name}-${MANIFEST.version}.tgz`);

function unpack(name, folder) {
  mkdirSync(folder, { recursive: true });
  run('tar', ['-xzf', tarballOf(name), '-C', folder, '--strip-components=1']);
}

/** Node for arm64 reads every savefile, in an emulator. */
function emulate(folder) {
  const platform = platformNamed('linux-arm64-gnu');
  const modules = join(folder, 'node_modules');
  // A package of its own: else the name means the project around it.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  for (const name of Object.keys(MANIFEST.dependencies)) {
    cpSync(join(ROOT, 'node_modules', name), join(modules, name), { recursive: true });
  }
  // What those need in turn is found further up.
  const version = nodeVersion(NODE, 'arm64');
  const node = join(folder, installNode(folder, version, 'arm64'), 'node');
  for (const name of [MANIFEST.name, platform.packageName]) unpack(name, join(modules, name));
  cpSync(join(ROOT, 'packaging', 'consumers'), folder, { recursive: true });
  const [qemu, ...words] = [...ARM64, node];
  const fixtures = join(ROOT, 'fixtures');
  run(qemu, [...words, 'every-savefile.cjs', fixtures], { cwd: folder });
  run(qemu, [...words, 'panic.cjs', join(fixtures, 'plain.pcap')], { cwd: folder });
  console.log(`${platform.packageName}: works on Node ${version}, emulated`);
}

function load(folder) {
  const platform = platformNamed('linux-x64-musl');
  installToolchain([platform]);
  unpack(platform.packageName, join(folder, 'musl'));
  const source = join(folder, 'load.c');
  writeFileSync(source, LOADER);
  const program = join(folder, 'load');
  // Optimised: else zig puts its checks in, which want a newer musl than the addon does.
  run(zigPython, ['-m', 'ziglang', 'cc', '-O2', '-target', platform.zig, '-dynamic', '-o', program, source]);
  run(program, [join(folder, 'musl', platform.addon)]);
  console.log(`${platform.packageName}: loads on musl, every symbol found`);
}

// In target/, so that what the dependencies depend on is found in the project's node_modules.
const folder = mkdtempSync(join(ROOT, 'target', 'packaging', 'foreign-'));
try {
  emulate(folder);
  load(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
