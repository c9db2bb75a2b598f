/** Quick filters: what each of them is true of. */

import type { Row } from '../outputs/view/shapes';
import { waitOf } from './columns';
import type * as TEXT from './strings';

export type ChipId = keyof typeof TEXT.chips;

const SLOW_MS = 1_000;
/** A request without its response for so long, by the capture's own time, has none. */
const PATIENCE_MS = 30_000;
const FIRST_ERROR = 400;

/** How far the capture is. */
export interface Progress {
  newestAt: number;
  ended: boolean;
}

export function isError({ status, grpcStatus, incomplete }: Row): boolean {
  if (grpcStatus !== undefined) return grpcStatus !== 0;
  return (status !== undefined && status >= FIRST_ERROR) || incomplete !== undefined;
}

export function isUnanswered(row: Row, { newestAt, ended }: Progress): boolean {
  return (
    row.request === true &&
    row.response !== true &&
    (row.ending !== undefined || ended || newestAt - row.at >= PATIENCE_MS)
  );
}

export const CHIPS: Readonly<Record<ChipId, (row: Row, progress: Progress) => boolean>> = {
  errors: isError,
  slow: (row) => (waitOf(row) ?? 0) >= SLOW_MS,
  unanswered: isUnanswered,
  grpc: ({ kind }) => kind === 'grpc',
  websocket: ({ kind }) => kind === 'websocket',
  sse: ({ kind }) => kind === 'sse',
};

export const CHIP_IDS = Object.keys(CHIPS) as ChipId[];
