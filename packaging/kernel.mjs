// A whole arm64 machine, emulated: Debian's kernel, and a bare machine's folder as all there is. The emulation of single
// programs, which is faster to start, knows no capture; a kernel does. Needs qemu-system-aarch64 and cpio.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kept } from '../scripts/cache.mjs';
import { unpackPackages } from './debian.mjs';
import { run } from './platforms.mjs';

const SUITE = 'trixie';
/** The kernel for virtual machines; its name holds its version. */
const KERNEL = '^linux-image-[0-9.]+\\+deb13-cloud-arm64$';
const MEMORY_MIB = 2048;
const BOOT_AND_RUN_MS = 10 * 60 * 1000;

/** `vmlinuz`, and `busybox` for what comes before the first command. */
const fetchKernel = () =>
  kept(`kernel-${SUITE}-arm64`, (folder) => {
    const all = join(folder, 'all');
    unpackPackages({ suite: SUITE, arch: 'arm64', packages: [KERNEL, 'busybox-static'] }, all);
    const newest = readdirSync(join(all, 'boot'))
      .filter((name) => name.startsWith('vmlinuz-'))
      .sort()
      .at(-1);
    renameSync(join(all, 'boot', newest), join(folder, 'vmlinuz'));
    renameSync(join(all, 'usr', 'bin', 'busybox'), join(folder, 'busybox'));
    rmSync(all, { recursive: true });
  });

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** The machine's first program: it sets up what a kernel leaves to others, runs the commands and ends the machine. */
function initOf(commands, cwd) {
  // By files: the console is a terminal, and would be written to as such.
  const runs = commands.map((words) => {
    const line = `${words.map(quoted).join(' ')} >/tmp/stdout 2>/tmp/stderr; code=$?`;
    return `echo '<<<'; ${line}; $B cat /tmp/stdout /tmp/stderr; echo ">>> $code"`;
  });
  return `#!/busybox sh
B=/busybox
$B mount -t devtmpfs dev /dev
$B mount -t proc proc /proc
$B ip link set lo up
export HOME=/tmp
cd ${quoted(cwd)}
${runs.join('\n')}
$B poweroff -f
`;
}

/**
 * Boots a machine's folder, which stays as it is, and runs commands in it, as root.
 * @returns of each its exit code and what it wrote, stderr last
 */
export async function boot({ base }, commands, cwd) {
  const kernel = fetchKernel();
  const work = mkdtempSync(join(tmpdir(), 'tcp-sniffer-boot-'));
  try {
    const root = join(work, 'root');
    run('cp', ['--archive', base, root]);
    copyFileSync(join(kernel, 'busybox'), join(root, 'busybox'));
    writeFileSync(join(root, 'init'), initOf(commands, cwd), { mode: 0o755 });
    run('sh', ['-ec', 'find . | cpio --create --format=newc --quiet >../initrd'], { cwd: root });
    const hardware = ['-machine', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', String(MEMORY_MIB), '-net', 'none'];
    const program = ['-kernel', join(kernel, 'vmlinuz'), '-initrd', join(work, 'initrd')];
    const line = ['-append', 'console=ttyAMA0 rdinit=/init quiet', '-nographic', '-no-reboot'];
    const child = spawn('qemu-system-aarch64', [...hardware, ...program, ...line], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: BOOT_AND_RUN_MS,
      killSignal: 'SIGKILL',
    });
    let console = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      console += text;
    });
    await once(child, 'close');
    const results = [...console.replaceAll('\r', '').matchAll(/^<<<\n(.*?)^>>> (\d+)$/gms)];
    if (results.length !== commands.length) throw new Error(`the arm64 machine did not get through:\n${console}`);
    return results.map(([, output, code]) => ({ code: Number(code), output }));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
