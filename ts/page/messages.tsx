/** Messages inside an exchange: of a WebSocket, of server-sent events, of gRPC; and in words what of them is not here. */

import { useMemo } from 'preact/hooks';
import type { HttpMessage, StreamMessage } from '../types';
import type { Exchange } from './exchange';
import * as TEXT from './strings';
import { bytesOf, timeOf } from './strings';
import { Virtual } from './virtual';

/** Of each message in the list. */
const MAX_SHOWN = 2_000;
const HEIGHT = 22;

interface Shown {
  direction: 'request' | 'response';
  time: string;
  kind: string;
  size: string;
  data: string;
  /** Something of it, or before it, is not here. */
  isCut?: boolean;
}

export function Messages({ exchange }: { exchange: Exchange }) {
  const shown = useMemo(() => shownOf(exchange), [exchange]);
  return (
    <Virtual
      count={shown.length}
      height={HEIGHT}
      label={TEXT.tabs.messages}
      row={(index) => {
        const { direction, time, kind, size, data, isCut } = shown[index] as Shown;
        return (
          <div class={`message ${direction}${isCut ? ' bad' : ''}`}>
            <span>{direction === 'request' ? TEXT.messagesClient : TEXT.messagesServer}</span>
            <span>{time}</span>
            <span>{kind}</span>
            <span class="number">{size}</span>
            <span class="data">{data}</span>
          </div>
        );
      }}
    />
  );
}

export function shownOf({ messages, request, response }: Exchange): Shown[] {
  const next = { request: 1, response: 1 };
  if (messages.length > 0)
    return messages.flatMap((line) => {
      const { direction, sequence } = line;
      const missing = sequence - next[direction];
      next[direction] = sequence + 1;
      const shown = streamed(line);
      if (missing <= 0) return [shown];
      return [{ direction, time: '', kind: '', size: '', data: TEXT.messagesMissing(missing), isCut: true }, shown];
    });
  return [request, response].flatMap((message) => (message === undefined ? [] : calls(message)));
}

function streamed(line: StreamMessage): Shown {
  const { direction, timestamp, opcode, event, stream, closeCode, dataSize, data, json, gapBytes, truncated } = line;
  const losses = [
    ...(gapBytes === undefined ? [] : [TEXT.lossGapBytes(gapBytes)]),
    ...(truncated === undefined ? [] : [TEXT.messagesTruncated]),
  ];
  return {
    direction,
    time: timeOf(Date.parse(timestamp)),
    kind: [opcode ?? event ?? stream, closeCode].filter((part) => part !== undefined).join(' '),
    size: bytesOf(dataSize),
    ...textOf(data, json, losses),
  };
}

function calls({ direction, grpcMessages = [] }: HttpMessage): Shown[] {
  return grpcMessages.map(({ size, data, json, truncated }) => ({
    ...{ direction, time: '', kind: 'grpc', size: bytesOf(size) },
    ...textOf(data, json, truncated === undefined ? [] : [TEXT.messagesTruncated]),
  }));
}

function textOf(data: string | undefined, json: unknown, losses: readonly string[]): Pick<Shown, 'data' | 'isCut'> {
  const text = json === undefined ? (data ?? '') : JSON.stringify(json);
  const more = text.length - MAX_SHOWN;
  const front = losses.length === 0 ? '' : `(${losses.join(', ')}) `;
  return {
    data: front + (more > 0 ? text.slice(0, MAX_SHOWN) + TEXT.messagesCut(more) : text),
    isCut: losses.length > 0 || more > 0,
  };
}
