/** Reads `ExportTraceServiceResponse` in Protocol Buffers: how many spans were not taken. Any other bytes say nothing. */

const PARTIAL_SUCCESS = 1;
const REJECTED_SPANS = 1;

export function rejectedOf(answer: Buffer): number {
  const partial = fieldOf(answer, PARTIAL_SUCCESS);
  const rejected = partial instanceof Buffer ? fieldOf(partial, REJECTED_SPANS) : 0;
  return typeof rejected === 'number' && Number.isSafeInteger(rejected) ? rejected : 0;
}

/** The first field with that number that is a varint or has a length. */
function fieldOf(message: Buffer, wanted: number): number | Buffer | undefined {
  for (let at = 0; at < message.length; ) {
    const tag = varintAt(message, at);
    if (tag === undefined) return undefined;
    const wire = tag.value % 8;
    const body = varintAt(message, tag.end);
    // Fixed widths do not come before the fields that are asked for; what they are is not known then.
    if (body === undefined || (wire !== 0 && wire !== 2)) return undefined;
    const end = wire === 0 ? body.end : body.end + body.value;
    if (end > message.length) return undefined;
    if (Math.floor(tag.value / 8) === wanted) return wire === 0 ? body.value : message.subarray(body.end, end);
    at = end;
  }
  return undefined;
}

function varintAt(message: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  let scale = 1;
  // Ten bytes at most.
  for (let at = from; at < message.length && at < from + 10; at++) {
    const byte = message[at] as number;
    value += (byte % 0x80) * scale;
    scale *= 0x80;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
