// The messages that are shown of damaged savefiles, against all that were sent.
import { answerOf, messageOf } from './content.mjs';
import { Faults } from './faults.mjs';
import { bytesOf, CONTROL } from './judges.mjs';
import { textOf } from './peers/events.mjs';

/** The content says which message it is; that of an empty one does not. */
function numberIn(bytes, isBinary) {
  const text = (isBinary ? Buffer.from(bytes).reverse() : bytes).subarray(0, 12).toString();
  return Number(/^(\d+)\s/.exec(text)?.[1] ?? Number.NaN);
}

const sentAs = {
  websocket: ({ opcode }, n) => (messageOf(n).isBinary === (opcode === 'binary') ? messageOf(n).bytes : undefined),
  grpc: (_, n) => messageOf(n).bytes,
  sse: (_, n) => Buffer.from(textOf(n)),
};

export class DamagedJudge {
  #faults = new Faults();
  #last = { request: -1, response: -1 };
  #sequence = { request: 0, response: 0 };
  #hasFlag = false;
  #isStream = false;
  whole = 0;
  flagged = 0;

  /** `total`: the messages, or halves of exchanges, that were sent. */
  constructor(total) {
    this.total = total;
  }

  take(message) {
    if (message.stream !== undefined) {
      this.#isStream = true;
      this.#takePart(message);
    } else {
      this.#hasFlag ||= Boolean(message.gapBytes || message.incomplete || message.bodyTruncated);
      if (/^\/\d+$/.test(message.path ?? message.request?.path ?? '')) this.#takeHalf(message);
    }
  }

  #takePart(message) {
    const { stream, direction, sequence, data, dataEncoding, dataSize, truncated, gapBytes, opcode } = message;
    if (sequence <= this.#sequence[direction])
      this.#faults.add('a sequence that goes back', `${direction} ${sequence}`);
    if (sequence > this.#sequence[direction] + 1) this.#hasFlag = true;
    this.#sequence[direction] = sequence;
    if (CONTROL.includes(opcode)) return;
    const bytes = bytesOf(data, dataEncoding);
    const isFlagged = truncated || gapBytes;
    if (isFlagged) this.flagged++;
    else this.whole++;
    if (bytes.length === 0) return;
    const isBinary = opcode === 'binary' || stream === 'grpc';
    // A gRPC message is one or the other way round.
    const found = [numberIn(bytes, isBinary), numberIn(bytes, false)].find((n) => {
      const sent = Number.isNaN(n) ? undefined : sentAs[stream](message, n);
      return sent !== undefined && (isFlagged ? bytes.equals(sent.subarray(0, bytes.length)) : bytes.equals(sent));
    });
    if (found === undefined) {
      // The beginning of a body that was cut may say nothing.
      if (!isFlagged || bytes.length > 400)
        this.#faults.add(
          isFlagged ? 'a cut message that is the beginning of none' : 'a message that was not sent',
          `${direction} ${sequence}, ${bytes.length} of ${dataSize}: ${bytes.subarray(0, 40)}`,
        );
    } else if (found <= this.#last[direction])
      this.#faults.add('another order', `${direction} ${found} after ${this.#last[direction]}`);
    else this.#last[direction] = found;
  }

  #takeHalf(message) {
    const { direction, headers, body, bodyEncoding, path, bodyTruncated, incomplete, gapBytes } = message;
    const n = Number((path ?? message.request.path).slice(1));
    const bytes = bytesOf(body, bodyEncoding);
    const meant = direction === 'request' ? messageOf(n).bytes : answerOf(n);
    const isFlagged = bodyTruncated || incomplete || gapBytes;
    if (isFlagged) this.flagged++;
    else this.whole++;
    if (isFlagged ? !bytes.equals(meant.subarray(0, bytes.length)) : !bytes.equals(meant))
      this.#faults.add(
        'another body',
        `${direction} ${n}, ${bytes.length} of ${meant.length}, ${incomplete} ${gapBytes}`,
      );
    const number = headers['x-number'];
    if (direction === 'response' && number !== undefined && number !== String(n))
      this.#faults.add('the answer of another request', n);
  }

  complaints(damages, counters, losses) {
    const told = losses.filter((name) => counters[name] > 0);
    // Of an exchange nothing may be left; a stream goes on, or ends.
    const isMissed = this.#isStream && this.whole + this.flagged < this.total;
    if (isMissed && !this.#hasFlag && this.flagged === 0 && !counters.streamBoundariesLost)
      this.#faults.add('messages that are missing, and nothing has a flag', `${this.whole} of ${this.total}`);
    if (damages > 0 && told.length === 0) this.#faults.add('nothing that was told', `${damages} packets`);
    return this.#faults.list();
  }
}
