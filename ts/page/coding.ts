/** A body that was captured as it was sent (`--no-decode-body`), without its content-codings (RFC 9110 §8.4), as far as browsers know them. */

import { useEffect, useState } from 'preact/hooks';
import { utf8 } from './content';
import type { Body } from './exchange';

/** Of a body: one of a few bytes may become any number of them. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Some send `deflate` without the frame of zlib (RFC 9110 §8.4.1.2). */
const FORMATS = new Map<string, readonly CompressionFormat[]>([
  ['gzip', ['gzip']],
  ['x-gzip', ['gzip']],
  ['deflate', ['deflate', 'deflate-raw']],
]);

interface Decoded extends Body {
  /** It is too long, or the bytes that were sent are not whole. */
  isCut: boolean;
}

/** `undefined`: it is not coded, not decoded yet, or cannot be. */
export function useDecoded(sent: Body | undefined): Decoded | undefined {
  const [found, setFound] = useState<{ sent: Body; decoded: Decoded | undefined }>();
  useEffect(() => {
    let isOver = false;
    if (sent?.codings !== undefined)
      void decode(sent, sent.codings).then((decoded) => isOver || setFound({ sent, decoded }));
    return () => {
      isOver = true;
    };
  }, [sent]);
  return found?.sent === sent ? found?.decoded : undefined;
}

async function decode({ bytes, type }: Body, codings: string): Promise<Decoded | undefined> {
  let [content, isCut] = [bytes(), false];
  for (const coding of codings.toLowerCase().split(',').reverse()) {
    let decoded: Uint8Array | undefined;
    for (const format of FORMATS.get(coding.trim()) ?? []) {
      const [pieces, isPart] = await inflated(content, format);
      if (pieces.length === 0 && isPart) continue;
      decoded = new Uint8Array(await new Blob(pieces).arrayBuffer());
      isCut ||= isPart;
      break;
    }
    if (decoded === undefined) return undefined;
    content = decoded;
  }
  return { text: utf8(content), bytes: () => content, type, isCut };
}

async function inflated(bytes: Uint8Array, format: CompressionFormat): Promise<[pieces: BlobPart[], isPart: boolean]> {
  const reader = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const pieces: BlobPart[] = [];
  try {
    for (let size = 0; size < MAX_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) return [pieces, false];
      pieces.push(value);
      size += value.length;
    }
    await reader.cancel();
  } catch {
    // As much as there was before it broke.
  }
  return [pieces, true];
}
