/** The columns of the table: what each shows of a row, and by what it sorts. */

import type { Row } from '../outputs/view/shapes';
import type * as TEXT from './strings';
import { bytesOf, durationOf, grpcStatusOf, timeOf } from './strings';

export type ColumnId = keyof typeof TEXT.columns;

export interface Column {
  /** As CSS grids know it. */
  width: string;
  isNumber?: true;
  text(row: Row): string;
  value(row: Row): string | number | undefined;
}

/** From the first packet of the request to the last of the response. */
export function totalOf({ latency, download }: Row): number | undefined {
  return latency === undefined ? undefined : latency + (download ?? 0);
}

/** The time that the server took; if it is not known, the time that the client waited. */
export function waitOf({ wait, latency }: Row): number | undefined {
  return wait ?? latency;
}

/** Of gRPC the status that counts is its own. */
export function statusText({ status, grpcStatus, response, incomplete }: Row): string {
  const text = grpcStatus !== undefined ? grpcStatusOf(grpcStatus) : status === undefined ? '' : String(status);
  return response === true && incomplete !== undefined ? `${text}!` : text;
}

export const COLUMNS: Readonly<Record<ColumnId, Column>> = {
  time: { width: '7.5rem', text: (row) => timeOf(row.at), value: (row) => row.at },
  method: { width: '4.5rem', text: (row) => row.method ?? '', value: (row) => row.method },
  host: { width: 'minmax(5rem, 1fr)', text: (row) => row.host ?? '', value: (row) => row.host },
  path: { width: 'minmax(10rem, 3fr)', text: (row) => row.path ?? '', value: (row) => row.path },
  status: { width: '5rem', text: statusText, value: (row) => row.grpcStatus ?? row.status },
  type: { width: 'minmax(4rem, 0.8fr)', text: (row) => row.type ?? '', value: (row) => row.type },
  size: { width: '4.5rem', isNumber: true, text: (row) => bytesOf(row.size), value: (row) => row.size },
  wait: { width: '4.5rem', isNumber: true, text: (row) => durationOf(waitOf(row)), value: waitOf },
  waterfall: { width: 'minmax(5rem, 1fr)', text: () => '', value: (row) => row.at },
  client: { width: 'minmax(6rem, 0.9fr)', text: (row) => row.client, value: (row) => row.client },
  server: { width: 'minmax(6rem, 0.9fr)', text: (row) => row.server, value: (row) => row.server },
  requestSize: {
    width: '4.5rem',
    isNumber: true,
    text: (row) => bytesOf(row.requestSize),
    value: (row) => row.requestSize,
  },
  total: { width: '4.5rem', isNumber: true, text: (row) => durationOf(totalOf(row)), value: totalOf },
  version: { width: '3rem', text: (row) => row.version, value: (row) => row.version },
};

export const COLUMN_IDS = Object.keys(COLUMNS) as ColumnId[];

export const FIRST_COLUMNS: readonly ColumnId[] = [
  ...(['time', 'method', 'host', 'path', 'status'] as const),
  ...(['type', 'size', 'wait', 'waterfall', 'client'] as const),
];
