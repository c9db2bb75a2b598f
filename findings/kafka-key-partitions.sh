#!/usr/bin/env bash
# A record of Kafka goes to the partition that its key has: Kafka's client in Java takes the low 31 bits of murmur2, modulo the partitions.
# Consumers that join two topics by key count on it (co-partitioning).
#
# Seen with @platformatic/kafka 1.35.0, kafkajs 2.2.4 and kafka-python 2.2.15, 1 000 keys, as many partitions as it says:
#   the same partition as in Java  2     6     12    16
#   kafkajs                        1000  1000  1000  1000
#   @platformatic/kafka            1000  541   541   1000
#   its compatibilityPartitioner   1000  1000  1000  1000
# By default @platformatic/kafka keeps all 32 bits, which is the same for powers of two only. Its compatibilityPartitioner is right for keys; yet
# a producer that has it as `partitioner` asks it for records without a key too, and it returns 0 for all of these.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q 'kafka-python==2.2.15'
(cd "$folder" && echo '{}' > package.json && npm install --silent --no-audit --no-fund '@platformatic/kafka@1.35.0' 'kafkajs@2.2.4')
cat > "$folder/java.py" <<'PY'
import json, sys
from kafka.partitioner.default import murmur2
print(json.dumps([murmur2(b"key-%d" % n) & 0x7FFFFFFF for n in range(1000)]))
PY
cat > "$folder/ask.mjs" <<'JS'
import { execFileSync } from 'node:child_process';
import { compatibilityPartitioner, defaultPartitioner } from '@platformatic/kafka';
import kafkajs from 'kafkajs';

const java = JSON.parse(execFileSync('venv/bin/python', ['java.py'], { encoding: 'utf8' }));
const keys = java.map((_, n) => Buffer.from(`key-${n}`));
const ofKafkaJs = kafkajs.Partitioners.DefaultPartitioner();
const CLIENTS = {
  kafkajs: (key, partitions) =>
    ofKafkaJs({ topic: 't', partitionMetadata: Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, leader: 1 })), message: { key } }),
  '@platformatic/kafka': (key, partitions) => defaultPartitioner({}, key) % partitions,
  compatibilityPartitioner: (key, partitions) => compatibilityPartitioner({}, key) % partitions,
};
const PARTITIONS = [2, 6, 12, 16];
const seen = Object.fromEntries(
  Object.entries(CLIENTS).map(([name, of]) => [
    name,
    PARTITIONS.map((partitions) => keys.filter((key, n) => of(key, partitions) === java[n] % partitions).length),
  ]),
);
seen['without a key'] = [compatibilityPartitioner({}, undefined)];
for (const [name, counts] of Object.entries(seen)) console.log(`${name}: ${counts.join(', ')}`);
process.exit(JSON.stringify(seen) === process.argv[2] ? 0 : 1);
JS
cd "$folder" && node ask.mjs '{"kafkajs":[1000,1000,1000,1000],"@platformatic/kafka":[1000,541,541,1000],"compatibilityPartitioner":[1000,1000,1000,1000],"without a key":[0]}'
