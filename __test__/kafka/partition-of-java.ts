// The partition of a key as Kafka's client in Java chooses it: murmur2 of its bytes, without the sign, modulo the partitions
// (org.apache.kafka.clients.producer.internals.BuiltInPartitioner).

const SEED = 0x97_47_b2_8c;
const FACTOR = 0x5b_d1_e9_95;

export function partitionOfJava(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7f_ff_ff_ff) % partitions;
}

export function murmur2(key: Buffer): number {
  const whole = key.length - (key.length % 4);
  let hash = SEED ^ key.length;
  for (let at = 0; at < whole; at += 4) {
    const word = Math.imul(key.readInt32LE(at), FACTOR);
    hash = Math.imul(hash, FACTOR) ^ Math.imul(word ^ (word >>> 24), FACTOR);
  }
  if (whole < key.length) hash = Math.imul(hash ^ key.readUIntLE(whole, key.length - whole), FACTOR);
  hash = Math.imul(hash ^ (hash >>> 13), FACTOR);
  return hash ^ (hash >>> 15);
}
