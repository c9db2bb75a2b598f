// Things that are fetched or compiled once a machine and not once a clone: tools, sources, systems for tests. They lie outside
// the clone, under names that hold every version that went into them, and may be deleted at any time.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tcp-sniffer');

const HALF = '.part-';
const DAY_MS = 24 * 60 * 60 * 1000;
/** A half that a killed run left is deleted after a day, an entry that was not asked for in a month is deleted too. */
const KEPT_MS = (name) => (name.includes(HALF) ? DAY_MS : 30 * DAY_MS);

function sweep() {
  for (const name of readdirSync(CACHE)) {
    // Another run may have been faster here too.
    const status = statSync(join(CACHE, name), { throwIfNoEntry: false });
    if (status && Date.now() - status.mtimeMs > KEPT_MS(name))
      rmSync(join(CACHE, name), { recursive: true, force: true });
  }
}

/**
 * The folder `name` in the cache. If it is not there, it is made by `make(folder)` beside its place and moved there when it is
 * whole, so nothing half-made is ever used, and runs side by side do not meet.
 */
export function kept(name, make) {
  const path = join(CACHE, name);
  if (!existsSync(path)) {
    mkdirSync(CACHE, { recursive: true });
    sweep();
    const part = mkdtempSync(`${path}${HALF}`);
    // Tests use what is in there as other users too.
    chmodSync(part, 0o755);
    try {
      make(part);
      try {
        renameSync(part, path);
      } catch (error) {
        // Another run was faster; what it made is as good.
        if (!existsSync(path)) throw error;
      }
    } finally {
      rmSync(part, { recursive: true, force: true });
    }
  }
  const now = new Date();
  utimesSync(path, now, now);
  return path;
}
