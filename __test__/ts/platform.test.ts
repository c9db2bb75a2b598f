// The error if no addon fits or no addon is installed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Host, thisHost, whyMissing, whyUnloadable } from '../../ts/native/platform';

const manifest = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'));

describe('where no addon is found, the message names the machine and what to do', () => {
  const cases: [Host, string[]][] = [
    [{ platform: 'darwin', arch: 'arm64' }, ['darwin-arm64', 'Linux only', 'container']],
    [{ platform: 'win32', arch: 'x64' }, ['win32-x64', 'Linux only', 'container']],
    [{ platform: 'linux', arch: 'ia32', libc: 'gnu' }, ['linux-ia32-gnu', 'linux-x64-gnu', 'from source']],
    [{ platform: 'linux', arch: 'x64', libc: 'musl' }, ['tcp-sniffer-linux-x64-musl@1.2.3', '--omit=optional']],
    [{ platform: 'linux', arch: 'arm64', libc: 'gnu' }, ['npm install tcp-sniffer-linux-arm64-gnu@1.2.3']],
  ];
  it.each(cases)('%o', (host, words) => {
    for (const word of words) expect(whyMissing(host, '1.2.3')).toContain(word);
  });

  it('every target of package.json has its package named', () => {
    const cpu: Record<string, string> = { x86_64: 'x64', aarch64: 'arm64' };
    for (const target of manifest.napi.targets as string[]) {
      const [machine = '', , , libc] = target.split('-');
      const host = { platform: 'linux', arch: cpu[machine] ?? machine, libc: libc as 'gnu' | 'musl' };
      expect(whyMissing(host, '1.2.3')).toContain(`npm install tcp-sniffer-linux-${host.arch}-${libc}@1.2.3`);
    }
  });
});

it('an addon that does not load keeps the reason of the system', () => {
  const reason = 'libpcap.so.0.8: cannot open shared object file';
  expect(whyUnloadable({ platform: 'linux', arch: 'x64', libc: 'gnu' }, reason)).toContain(reason);
});

it('this machine has a C library', () => {
  expect(['gnu', 'musl']).toContain(thisHost().libc);
});
