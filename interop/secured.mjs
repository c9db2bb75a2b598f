// Certificate and key log of a session with TLS.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate, and a file for the secrets, to which both ends write as they know how: by the variable, or Node by its flag. */
export function secured(folder) {
  const pair = ['-keyout', join(folder, 'server.key'), '-out', join(folder, 'server.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...pair, ...subject];
  execFileSync('openssl', make, { stdio: 'ignore' });
  const keylog = join(folder, 'keys.log');
  writeFileSync(keylog, '', { mode: 0o600 });
  const env = { SSLKEYLOGFILE: keylog, NODE_OPTIONS: `--tls-keylog=${keylog}`, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  return { keylog, env: { ...env, NODE_NO_WARNINGS: '1' } };
}
