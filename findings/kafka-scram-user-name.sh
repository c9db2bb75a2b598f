#!/usr/bin/env bash
# A user name of SASL SCRAM is sent with each "=" as "=3D" and each "," as "=2C" (RFC 5802 §5.1), since a comma ends an attribute of the message.
# A client that leaves a comma as it is sends a shorter name and an attribute that nobody asked for.
#
# Seen with @platformatic/kafka 1.35.0 and kafkajs 2.2.4, with the name "a,b,c=d=e", in the client's first message:
#   RFC 5802:            a=2Cb=2Cc=3Dd=3De
#   @platformatic/kafka: a=2Cb,c=3Dd=3De       only the first comma is escaped, though each "=" is
#   kafkajs:             a=2Cb=2Cc=3Dd=3De
# A name with two commas cannot log in by SCRAM with the first client, and the broker speaks of a wrong message, not of the name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && echo '{}' > package.json && npm install --silent --no-audit --no-fund '@platformatic/kafka@1.35.0' 'kafkajs@2.2.4')
cat > "$folder/ask.mjs" <<'JS'
import { createRequire } from 'node:module';
import { saslScramSha } from '@platformatic/kafka';

const require = createRequire(import.meta.url);
const scram = require('kafkajs/src/broker/saslAuthenticator/scram.js');
const NAME = 'a,b,c=d=e';
const nameIn = (message) => /^n,,n=(.*),r=[^,]*$/.exec(message)?.[1];

/** Each client writes its first message to this, which never answers. */
const platformatic = await new Promise((resolve) => {
  const write = (_connection, bytes) => resolve(nameIn(bytes.toString()));
  saslScramSha.authenticate(write, {}, 'SHA-256', NAME, 'password', () => {});
});
const kafkajs = await new Promise((resolve) => {
  const logger = { debug() {}, error() {} };
  const saslAuthenticate = async ({ request }) => {
    resolve(nameIn((await request.encode()).subarray(4).toString()));
    return new Promise(() => {});
  };
  const Scram = scram.SCRAM;
  new Scram({ username: NAME, password: 'password' }, 'localhost', 9092, logger, saslAuthenticate, scram.DIGESTS.SHA256).authenticate();
});
console.log(`@platformatic/kafka: ${platformatic}\nkafkajs:             ${kafkajs}`);
process.exit(platformatic === 'a=2Cb,c=3Dd=3De' && kafkajs === 'a=2Cb=2Cc=3Dd=3De' ? 0 : 1);
JS
(cd "$folder" && node ask.mjs)
