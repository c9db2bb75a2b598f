/** Messages inside an exchange: of a WebSocket, of server-sent events, of gRPC. */

import { useMemo } from 'preact/hooks';
import type { HttpMessage, StreamMessage } from '../types';
import type { Exchange } from './exchange';
import { bytesOf, LOSS, TEXT, timeOf } from './strings';
import { Virtual } from './virtual';

/** Of each message in the list; the body has all of it. */
const MAX_SHOWN = 2_000;
const HEIGHT = 22;

interface Shown {
  direction: 'request' | 'response';
  time: string;
  kind: string;
  size: number;
  data: string;
}

export function Messages({ exchange }: { exchange: Exchange }) {
  const shown = useMemo(() => shownOf(exchange), [exchange]);
  return (
    <Virtual
      count={shown.length}
      height={HEIGHT}
      label={TEXT.tabs.messages}
      row={(index) => {
        const { direction, time, kind, size, data } = shown[index] as Shown;
        return (
          <div class={`message ${direction}`}>
            <span>{direction === 'request' ? TEXT.messages.client : TEXT.messages.server}</span>
            <span>{time}</span>
            <span>{kind}</span>
            <span class="number">{bytesOf(size)}</span>
            <span class="data">{data}</span>
          </div>
        );
      }}
    />
  );
}

function shownOf({ messages, request, response }: Exchange): Shown[] {
  if (messages.length > 0) return messages.map(streamed);
  return [request, response].flatMap((message) => (message === undefined ? [] : calls(message)));
}

function streamed(line: StreamMessage): Shown {
  const { direction, timestamp, opcode, event, stream, closeCode, dataSize, data = '', json, gapBytes } = line;
  const kind = [opcode ?? event ?? stream, closeCode].filter((part) => part !== undefined).join(' ');
  const loss = gapBytes === undefined ? '' : `(${LOSS.gapBytes(gapBytes)}) `;
  const text = json === undefined ? data : JSON.stringify(json);
  return {
    direction,
    time: timeOf(Date.parse(timestamp)),
    kind,
    size: dataSize,
    data: loss + text.slice(0, MAX_SHOWN),
  };
}

function calls({ direction, grpcMessages = [] }: HttpMessage): Shown[] {
  return grpcMessages.map(({ size, data = '', json }) => {
    const text = json === undefined ? data : JSON.stringify(json);
    return { direction, time: '', kind: 'grpc', size, data: text.slice(0, MAX_SHOWN) };
  });
}
