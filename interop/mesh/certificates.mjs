// The mesh's own authority, and a certificate for each pod.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/** Into `folder`: ca.crt, and NAME.crt and NAME.key for each name, which anyone on this machine may read. */
export function makeCertificates(folder, names) {
  const openssl = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  openssl('req', '-x509', ...KEY, '-subj', '/O=cluster.local', '-keyout', 'ca.key', '-out', 'ca.crt');
  for (const name of names) {
    const identity = `subjectAltName=critical,URI:spiffe://cluster.local/ns/shop/sa/${name}`;
    writeFileSync(join(folder, `${name}.ext`), `${identity}\nextendedKeyUsage=clientAuth,serverAuth\n`);
    openssl(
      'req',
      ...KEY.filter((word) => word !== '-days' && word !== '2'),
      '-subj',
      '/',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    const issued = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...issued, '-out', `${name}.crt`);
    execFileSync('chmod', ['644', join(folder, `${name}.key`)]);
  }
}
