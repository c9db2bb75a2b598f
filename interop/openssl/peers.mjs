// `openssl s_server` and `openssl s_client` of this machine, with whatever its suites need: certificates of three kinds, a pre-shared
// key. SRP is by a program of ours on the same library.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, listening, start } from '../processes.mjs';

const CLIENT_LIMIT_MS = 30_000;
const PSK = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const SRP_PROGRAM = fileURLToPath(new URL('srp.py', import.meta.url));
/** Old suites and short keys too. */
export const ANY = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0';
export const TLS13 = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'],
];
/** The file that the servers answer with: some records, of which the last is short. */
export const BODY = Array.from({ length: 40_001 }, (_, index) => String.fromCharCode(33 + (index % 93))).join('');

const openssl = (args, options) => execFileSync('openssl', args, { stdio: 'ignore', ...options });

function certificate(folder, kind, newkey) {
  const files = { key: join(folder, `${kind}.key`), certificate: join(folder, `${kind}.crt`) };
  const made = ['req', '-x509', ...newkey, '-nodes', '-subj', '/CN=localhost', '-days', '2'];
  openssl([...made, '-keyout', files.key, '-out', files.certificate]);
  return files;
}

/** Makes the files that the peers of a folder share. */
export function prepare(folder) {
  writeFileSync(join(folder, 'body'), BODY);
  const parameters = join(folder, 'dsa.pem');
  openssl(['dsaparam', '-out', parameters, '2048']);
  // There is no option for both of these.
  const bare = join(folder, 'bare.cnf');
  const sections = ['openssl_conf=a', '[a]', 'ssl_conf=b', '[b]', 'system_default=c', '[c]'];
  writeFileSync(bare, [...sections, 'Options=-ExtendedMasterSecret,-EncryptThenMac', ''].join('\n'));
  return {
    folder,
    bare,
    keylog: join(folder, 'keys.log'),
    rsa: certificate(folder, 'rsa', ['-newkey', 'rsa:2048']),
    ecdsa: certificate(folder, 'ecdsa', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']),
    dsa: certificate(folder, 'dsa', ['-newkey', `dsa:${parameters}`]),
  };
}

const withCertificates = (first, second) => [
  ...['-cert', first.certificate, '-key', first.key],
  ...(second ? ['-dcert', second.certificate, '-dkey', second.key] : []),
];

/** Serves all suites that the certificates allow. Options come last. */
export async function serve(made, certificates, options, streams) {
  const port = await freePort();
  const accept = ['-accept', `127.0.0.1:${port}`, ...withCertificates(...certificates), '-cipher', ANY];
  const more = ['-ciphersuites', TLS13.join(':'), '-psk', PSK];
  // Its answer to a command stays in a buffer otherwise.
  const child = start(['stdbuf', '-oL', 'openssl', 's_server', ...accept, ...more, ...options], {
    cwd: made.folder,
    ...streams,
  });
  // A probe by a connection would be one of its few.
  if (options.includes('-naccept')) return { child, port };
  await listening(child, port);
  return { child, port };
}

/** Serves suites with SRP. */
export async function serveSrp(made, certificates) {
  const port = await freePort();
  const files = certificates.flatMap(({ certificate, key }) => [certificate, key]);
  const child = start(['python3', SRP_PROGRAM, 'server', String(port), ...files], { cwd: made.folder });
  await listening(child, port);
  return { child, port };
}

/** The command of a client that offers this one suite. */
export function clientOf(made, port, { name, openssl: cipher }) {
  const only = `${cipher}:@SECLEVEL=0`;
  if (name.includes('_SRP_')) return ['python3', SRP_PROGRAM, 'client', String(port), only, made.keylog];
  const version = TLS13.includes(name) ? ['-tls1_3', '-ciphersuites', name] : ['-tls1_2', '-cipher', only];
  const secret = name.includes('PSK') ? ['-psk', PSK] : [];
  return ['openssl', 's_client', '-connect', `127.0.0.1:${port}`, ...version, ...secret, '-keylogfile', made.keylog];
}

/** One request with these header fields; returns what is wrong with what came for it. */
export async function ask(made, port, suite, fields, env) {
  const lines = ['GET /body HTTP/1.0', ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`), '', ''];
  const command = clientOf(made, port, suite);
  if (command[0] === 'openssl') command.push('-quiet');
  const client = start(command, { cwd: made.folder, env, stdin: 'pipe' });
  const timer = setTimeout(() => client.signal('SIGKILL'), CLIENT_LIMIT_MS);
  client.end(lines.join('\r\n'));
  const { code, stdout, stderr } = await client.done;
  clearTimeout(timer);
  const body = stdout.slice(stdout.indexOf('\r\n\r\n') + 4);
  return body === BODY ? undefined : `the client got ${body.length} bytes, exit ${code}: ${stderr.trim().slice(-300)}`;
}
