/** The topics of options: the groups of the help, in its order, and the words that `help TOPIC` takes. */

export const TOPICS = {
  reading: 'what is captured, or read',
  filters: 'which exchanges come out',
  formats: 'what stdout shows',
  outputs: 'where messages go',
  messages: 'what a message has',
  tls: 'traffic inside TLS',
  privacy: 'what is hidden',
  running: 'logs, metrics, the end',
  limits: 'memory, connections, packets',
} as const satisfies Record<string, string>;

export type Topic = keyof typeof TOPICS;
