/** The flags that are filters in short. Help and the reading of flags need only this table. */

/** A flag that is an expression in short. */
export interface Short {
  readonly flag: string;
  readonly argument: string;
  readonly help: string;
  expression(value: string): string;
}

export const SHORTS = {
  host: {
    flag: '--host',
    argument: 'names',
    help: 'only requests to these hosts, e.g. shop.test,*.example.com',
    expression: (value) => `host=${value}`,
  },
  client: {
    flag: '--client',
    argument: 'addresses',
    help: 'only requests of these clients, e.g. 10.0.0.9,10.1.0.0/16',
    expression: (value) => `client=${value}`,
  },
  since: {
    flag: '--since',
    argument: 'time',
    help: 'only exchanges that began then or later: 14:03, 2026-05-17T14:03, with Z for UTC, or 10m for that long ago',
    expression: (value) => `time>=${value}`,
  },
  until: {
    flag: '--until',
    argument: 'time',
    help: 'only exchanges that began before this time',
    expression: (value) => `time<${value}`,
  },
  show: {
    flag: '--show',
    argument: 'id',
    help: 'only the exchange with this id, with headers and bodies',
    expression: (value) => `id=${value}`,
  },
} as const satisfies Record<string, Short>;
