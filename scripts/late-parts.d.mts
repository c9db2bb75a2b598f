/** A plugin of vitest: see `late-parts.mjs`. */
export declare const lateParts: {
  name: string;
  enforce: 'pre';
  transform(code: string, id: string): string | undefined;
};
