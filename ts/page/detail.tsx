/** One exchange: heads, bodies, messages inside, times. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { commandOf } from '../exchange/curl';
import { endpointText } from '../exchange/endpoints';
import type { Row } from '../outputs/view/shapes';
import type { HttpMessage } from '../types';
import { BodyView } from './body';
import { useDecoded } from './coding';
import { fetchOf, urlOf } from './copy';
import { copy } from './download';
import { bodyOf, type Exchange, exchangeOf, lossesOf, madeOf } from './exchange';
import { Fields } from './fields';
import { Messages } from './messages';
import { Gone, type Source } from './source';
import * as TEXT from './strings';
import { bytesOf } from './strings';
import { Tabs } from './tabs';
import { Timing } from './timing';

type Tab = keyof typeof TEXT.tabs;

/** Of an exchange without messages inside. */
const TABS: Readonly<Partial<Record<Tab, string>>> = { ...TEXT.tabs, messages: undefined };

/** Between looks at an exchange that grows; a large exchange takes no more than a part of the time. */
const LOOK_AGAIN_MS = 1_000;
const LOOK_PART = 10;

export function Detail({ row, source, onClose }: { row: Row; source: Source; onClose(): void }) {
  const [exchange, complaint] = useExchange(row, source);
  const [tab, setTab] = useState<Tab>('head');
  const hasMessages = exchange !== undefined && messagesIn(exchange) > 0;
  return (
    <section class="detail" aria-label={TEXT.detail}>
      <div class="line">
        <Tabs label={TEXT.detail} panel="part" names={hasMessages ? TEXT.tabs : TABS} chosen={tab} choose={setTab} />
        <a class="link" href={`#${encodeURIComponent(row.id)}`}>
          {TEXT.link}
        </a>
        <button type="button" class="close" aria-label={TEXT.close} title={TEXT.close} onClick={onClose}>
          ×
        </button>
      </div>
      {exchange === undefined ? (
        <p class="empty" role="status">
          {complaint ?? TEXT.loading}
        </p>
      ) : (
        <div class="pane" role="tabpanel" id="part" aria-labelledby={`part-${tab}`}>
          {tab === 'head' && <Heads exchange={exchange} row={row} />}
          {tab === 'request' && <Body message={exchange.request} />}
          {tab === 'response' && <Body message={exchange.response} />}
          {tab === 'messages' && <Messages exchange={exchange} />}
          {tab === 'timing' && <Timing row={row} />}
        </div>
      )}
    </section>
  );
}

function messagesIn({ messages, request, response }: Exchange): number {
  return messages.length + (request?.grpcMessages?.length ?? 0) + (response?.grpcMessages?.length ?? 0);
}

function useExchange(row: Row, source: Source): [Exchange | undefined, string | undefined] {
  const [exchange, setExchange] = useState<Exchange>();
  const [complaint, setComplaint] = useState<string>();
  const latest = useRef(row);
  latest.current = row;
  useEffect(() => {
    let isOver = false;
    let seen: Row | undefined;
    const look = async (): Promise<void> => {
      if (isOver) return;
      const begun = performance.now();
      const { current } = latest;
      if (current !== seen) {
        seen = current;
        try {
          setExchange(exchangeOf(await source.exchange(row.n)));
        } catch (error) {
          setComplaint(error instanceof Gone ? TEXT.gone : TEXT.loadFailed);
        }
      }
      setTimeout(look, Math.max(LOOK_AGAIN_MS, LOOK_PART * (performance.now() - begun)));
    };
    void look();
    return () => {
      isOver = true;
    };
  }, []);
  return [exchange, complaint];
}

function Heads({ exchange, row }: { exchange: Exchange; row: Row }) {
  const { request, interim, response } = exchange;
  return (
    <>
      {request !== undefined && <Copies request={request} exchange={exchange} />}
      <Head title={TEXT.requestHead} message={request} />
      {interim.map((message, index) => (
        <Head key={index} title={TEXT.interimHead} message={message} />
      ))}
      <Head title={TEXT.responseHead} message={response} otherwise={row.ending} />
      <h2>{TEXT.connection}</h2>
      <Fields fields={connectionOf(row, request ?? response)} />
    </>
  );
}

interface HeadProps {
  title: string;
  message: HttpMessage | undefined;
  /** Why there is none. */
  otherwise?: string | undefined;
}

function Head({ title, message, otherwise = TEXT.noMessage }: HeadProps) {
  if (message === undefined) {
    return (
      <>
        <h2>{title}</h2>
        <p class="quiet">{otherwise}</p>
      </>
    );
  }
  const { headers, trailers, bodySize } = message;
  return (
    <>
      <h2>{title}</h2>
      <p class="start">{startLine(message)}</p>
      <Losses message={message} />
      <Fields fields={Object.entries(headers)} />
      {trailers !== undefined && (
        <>
          <h3>{TEXT.trailers}</h3>
          <Fields fields={Object.entries(trailers)} />
        </>
      )}
      <p class="quiet">{bodySize === 0 ? TEXT.noBody : bytesOf(bodySize)}</p>
    </>
  );
}

function startLine(message: HttpMessage): string {
  const { direction, httpVersion, method = '', statusCode, reason = '' } = message;
  if (direction === 'request') return `${method} ${urlOf(message)} HTTP/${httpVersion}`;
  return `HTTP/${httpVersion} ${statusCode ?? ''} ${reason}`;
}

function connectionOf({ id, client, server, tls }: Row, message: HttpMessage | undefined): [string, string][] {
  const { streamId, tls: facts, proxied, pushed } = message ?? {};
  const tlsWords = [facts?.version, facts?.cipher, facts?.serverName, facts?.alpn];
  const values: Record<keyof typeof TEXT.facts, string | undefined> = {
    ...{ id, client, server, stream: streamId?.toString(), pushed: pushed?.toString() },
    tls: tls && tlsWords.filter(Boolean).join(', '),
    proxied: proxied && endpointText(proxied.source),
  };
  return (Object.keys(TEXT.facts) as (keyof typeof values)[]).flatMap((name): [string, string][] => {
    const value = values[name];
    return value === undefined ? [] : [[TEXT.facts[name], value]];
  });
}

function Losses({ message }: { message: HttpMessage }) {
  const words = lossesOf(message);
  if (words.length === 0) return null;
  return (
    <ul class="losses">
      {words.map((each) => (
        <li key={each}>{each}</li>
      ))}
    </ul>
  );
}

function Body({ message }: { message: HttpMessage | undefined }) {
  const sent = useMemo(() => message && bodyOf(message), [message]);
  const decoded = useDecoded(sent);
  const [isRaw, setIsRaw] = useState(false);
  const body = isRaw ? sent : (decoded ?? sent);
  if (message === undefined) return <p class="empty">{TEXT.noMessage}</p>;
  return (
    <div class="whole">
      <Losses message={message} />
      {madeOf(message).map((words) => (
        <p key={words} class="quiet">
          {words}
        </p>
      ))}
      {sent?.codings !== undefined && (
        <label>
          <input
            type="checkbox"
            checked={body === sent}
            disabled={decoded === undefined}
            onChange={() => setIsRaw(!isRaw)}
          />{' '}
          {TEXT.bodySent(sent.codings)}
          {decoded?.isCut && TEXT.bodyHalf}
        </label>
      )}
      {body === undefined ? <p class="empty">{TEXT.noBody}</p> : <BodyView body={body} />}
    </div>
  );
}

function Copies({ request, exchange }: { request: HttpMessage; exchange: Exchange }) {
  const [said, setSaid] = useState('');
  const put = (text: string): void => {
    copy(text).then(
      () => setSaid(TEXT.copyDone),
      () => setSaid(TEXT.copyFailed),
    );
  };
  const all = [request, ...exchange.interim, exchange.response].filter((message) => message !== undefined);
  return (
    <div class="copies">
      <button type="button" onClick={() => put(commandOf({ request, interim: [] }).trimEnd())}>
        {TEXT.copyCurl}
      </button>
      <button type="button" onClick={() => put(fetchOf(request))}>
        {TEXT.copyFetch}
      </button>
      <button type="button" onClick={() => put(JSON.stringify(all, null, 2))}>
        {TEXT.copyJson}
      </button>
      <span role="status">{said}</span>
    </div>
  );
}
