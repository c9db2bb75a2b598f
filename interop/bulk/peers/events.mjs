import { messageOf } from '../content.mjs';

/** The n-th event: text of one or two lines: what there is in binary is written as base64. */
export const textOf = (n) => {
  const { bytes, isBinary } = messageOf(n);
  return isBinary ? `${n}\n${bytes.toString('base64')}` : `${n} ${bytes}`;
};
