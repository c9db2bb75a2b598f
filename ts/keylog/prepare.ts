/**
 * `tcp-sniffer prepare-keys FOLDER`: what the init container does in the volume that a pod's containers share with the sidecar.
 * It makes `preload/preload.cjs` for Node, and `keys/` for the key logs: anybody may make files there, only the sidecar's user may
 * list them, and by the setgid bit they belong to the sidecar's group.
 */

import { chmodSync, chownSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const KEYS_MODE = 0o3773;
const READABLE = 0o755;

/** @throws {Error} what the system says */
export function prepareKeys(folder: string): void {
  const keys = join(folder, 'keys');
  mkdirSync(keys, { recursive: true });
  // The volume may have a group of its own (fsGroup), and its folders then get that.
  chownSync(keys, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  chmodSync(keys, KEYS_MODE);
  const preload = join(folder, 'preload');
  mkdirSync(preload, { recursive: true });
  chmodSync(preload, READABLE);
  const script = join(preload, 'preload.cjs');
  copyFileSync(join(__dirname, 'preload.js'), script);
  chmodSync(script, READABLE);
}
