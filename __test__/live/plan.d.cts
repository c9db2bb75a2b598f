/** One exchange of the live tests; see plan.cjs. */
export interface Exchange {
  method: string;
  path: string;
  request: Buffer;
  status: number;
  response: Buffer;
  /** Its content-coding. */
  encoding?: string;
  /** Set where that body goes chunked. */
  requestChunks?: Buffer[];
  responseChunks?: Buffer[];
}

export function plan(i: number): Exchange;
