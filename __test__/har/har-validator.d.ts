declare module 'har-validator' {
  /** Rejects with what is wrong. */
  export function har(document: unknown): Promise<unknown>;
}
