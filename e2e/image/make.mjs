// The image, a certificate of the collector's, and the image that trusts it.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../docker/test-image.sh', import.meta.url));
const IMAGE = 'localhost/tcp-sniffer:test';
const WITH_CA = 'localhost/tcp-sniffer:e2e';

/** From stand-ins for the base images: docker/test-image.sh. */
export function buildImage() {
  execFileSync(BUILD, [IMAGE], { stdio: ['ignore', 'ignore', 'inherit'] });
  return IMAGE;
}

/** A CA and a certificate for the host. */
export function makeCertificate(folder, host) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=e2e CA', '-days', '2');
  openssl('req', ...key, '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', `/CN=${host}`);
  writeFileSync(join(folder, 'names'), `subjectAltName=DNS:${host}\n`);
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'tls.csr', '-out', 'tls.crt', ...signer);
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  return { cert: read('tls.crt'), key: read('tls.key'), ca: read('ca.crt'), caFile: join(folder, 'ca.crt') };
}

/** As docs/deployment.md has it: an image of three lines that trusts a CA of one's own. */
export function withCa(image, caFile, folder) {
  const context = join(folder, 'with-ca');
  execFileSync('mkdir', [context]);
  copyFileSync(caFile, join(context, 'ca.crt'));
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM ${image}\nCOPY ca.crt /etc/tcp-sniffer/ca.crt\nENV NODE_EXTRA_CA_CERTS=/etc/tcp-sniffer/ca.crt\n`,
  );
  const tool = ['buildah', 'podman', 'docker'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (tool === undefined) throw new Error('none of buildah, podman and docker is there');
  execFileSync(tool, ['build', '--tag', WITH_CA, context], { stdio: ['ignore', 'ignore', 'inherit'] });
  return WITH_CA;
}
