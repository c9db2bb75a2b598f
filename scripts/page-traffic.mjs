// Invented traffic of a small shop, as JSON lines: what the picture of the page shows. The same at each call.

const START = Date.UTC(2026, 4, 12, 9, 41, 3, 120);
const WEB = { ip: '10.0.4.11', port: 8080 };
const STOCK = { ip: '10.0.4.23', port: 3001 };
const PAY = { ip: '10.0.4.31', port: 50_051 };
const CLIENTS = ['10.0.1.17', '10.0.1.24', '10.0.2.9'];
const GATEWAY = '10.0.4.2';

const json = (value) => ({ type: 'application/json', body: JSON.stringify(value) });
const ITEMS = [
  { sku: 'TEA-0042', name: 'Darjeeling, first flush', count: 2, price: '14.90' },
  { sku: 'CUP-0007', name: 'Cup, 0.2 l', count: 4, price: '6.50' },
];
const ORDER = { customer: 'c-1038', items: ITEMS, ship: { to: 'Lindenweg 4', express: true } };
const REFUSED = {
  error: 'payment_timeout',
  message: 'no answer from payments within 2 s',
  order: 'o-20417',
  payment: { provider: 'payments.internal', method: 'card', attempts: 1, timeoutMs: 2000 },
  items: ITEMS,
  retry: { allowed: true, afterMs: 1500 },
  trace: '6f0d2c41b9a84e57',
};
const CART = json({ items: ITEMS, total: '55.80' });
const PAGE = { type: 'text/html', body: '<!doctype html><title>Shop</title>' };

/** [ms since the one before, what is asked, the answer, ms until it, ms that it takes] */
const EXCHANGES = [
  [0, 'GET /', PAGE, 200, 11.8, 3.1],
  [38, 'GET /assets/shop.css', { type: 'text/css', size: 18_204 }, 200, 1.4, 0.6],
  [2, 'GET /assets/shop.js', { type: 'text/javascript', size: 96_411 }, 200, 2.2, 4.8],
  [64, 'GET /api/products?page=1', json({ products: ITEMS, next: 2 }), 200, 24.6, 1.2],
  [7, 'GET /stock/TEA-0042', json({ sku: 'TEA-0042', left: 12 }), 200, 8.9, 0, STOCK],
  [2, 'GET /stock/CUP-0007', json({ sku: 'CUP-0007', left: 88 }), 200, 9.4, 0, STOCK],
  [85, 'GET /images/tea-0042.webp', { type: 'image/webp', size: 41_870 }, 200, 3.9, 2.7],
  [4, 'GET /images/cup-0007.webp', { type: 'image/webp', size: 30_112 }, 304, 2.1, 0],
  [190, 'GET /api/products/42', json(ITEMS[0]), 200, 16.2, 0],
  [130, 'POST /api/cart', CART, 201, 31.7, 0, WEB, json({ sku: 'TEA-0042', count: 2 })],
  [16, 'POST /stock/TEA-0042/reservations', json({ until: '09:56:03' }), 201, 12.3, 0, STOCK, json({ count: 2 })],
  [140, 'GET /api/session', json({ customer: 'c-1038' }), 401, 4.6, 0],
  [22, 'POST /api/session', json({ customer: 'c-1038' }), 200, 88.4, 0, WEB, json({ user: 'ada' })],
  [160, 'GET /api/cart', CART, 200, 14.9, 0],
  [110, 'GET /api/events', { type: 'text/event-stream', size: 2_310 }, 200, 6.3, 2_940],
  [75, 'POST /api/orders', json(REFUSED), 504, 2_012.6, 0.4, WEB, json(ORDER)],
  [9, 'POST /stock/CUP-0007/reservations', json({ until: '09:56:04' }), 201, 11.1, 0, STOCK, json({ count: 4 })],
  [6, 'POST /shop.Payments/Authorize', { grpc: 4, type: 'application/grpc' }, 200, 2_000.8, 0, PAY],
  [240, 'GET /api/products?page=2', json({ products: ITEMS, next: 3 }), 200, 27.3, 1.4],
  [150, 'GET /healthz', { type: 'text/plain', body: 'ok' }, 200, 0.8, 0],
  [260, 'GET /favicon.ico', { type: 'text/html', size: 512 }, 404, 1.9, 0],
  [310, 'GET /api/orders/o-20391', json({ order: 'o-20391', state: 'sent' }), 200, 19.8, 0],
  [205, 'POST /shop.Payments/Authorize', { grpc: 0, type: 'application/grpc' }, 200, 46.2, 0, PAY],
  [170, 'GET /api/recommendations?for=c-1038', undefined, 0, 0, 0],
  [290, 'DELETE /api/cart/items/2', { type: '' }, 204, 12.7, 0],
  [210, 'POST /api/orders', json({ order: 'o-20418', state: 'new' }), 201, 141.5, 0.5, WEB, json(ORDER)],
  [60, 'POST /shop.Payments/Authorize', { grpc: 0, type: 'application/grpc' }, 200, 52.9, 0, PAY],
  [190, 'GET /api/orders/o-20418', json({ order: 'o-20418', state: 'paid' }), 200, 18.1, 0],
];

/** The exchange that the picture opens. */
export const OPENED = '/api/orders';
const HOSTS = new Map([
  [WEB, 'shop.example'],
  [STOCK, 'stock.internal:3001'],
  [PAY, 'payments.internal'],
]);

/** JSON lines, in the order in which messages become whole. */
export function trafficLines() {
  let at = START;
  const lines = EXCHANGES.flatMap(
    ([after, asked, answer, statusCode, waitMs, durationMs, server = WEB, sent], index) => {
      at += after;
      const [method, path] = asked.split(' ');
      const client = server === WEB ? CLIENTS[index % CLIENTS.length] : server === STOCK ? WEB.ip : GATEWAY;
      const shared = {
        id: `${(index % 6) + 1}.${index + 1}`,
        timestamp: new Date(at).toISOString(),
        receiver: server,
        destination: { ip: client, port: 51_200 + (index % 6) },
      };
      const host = HOSTS.get(server);
      const [, service, call] = /^\/([\w.]+)\/(\w+)$/.exec(path) ?? [];
      const grpc = answer?.grpc === undefined ? {} : { grpc: { service, method: call } };
      const request = {
        ...{ ...shared, direction: 'request', method, path, httpVersion: server === PAY ? '2.0' : '1.1' },
        headers: {
          host,
          ...{ 'user-agent': 'shop-web/4.2', accept: '*/*' },
          ...(sent === undefined ? {} : { 'content-type': sent.type, 'content-length': String(sent.body.length) }),
          ...{ authorization: '[REDACTED]', 'x-request-id': `r-${7_310 + index}` },
        },
        ...{ body: sent?.body ?? '', bodySize: sent?.body.length ?? 0, ...grpc },
      };
      if (answer === undefined) return [[at, request]];
      const { type, body = '', size = body.length } = answer;
      const names = ['OK', '', '', '', 'DEADLINE_EXCEEDED'];
      const response = {
        ...{ ...shared, timestamp: new Date(at + waitMs).toISOString(), direction: 'response', statusCode },
        ...{
          reason: { 200: 'OK', 201: 'Created', 504: 'Gateway Timeout' }[statusCode],
          httpVersion: request.httpVersion,
        },
        headers: { ...(type === '' ? {} : { 'content-type': type, 'content-length': String(size) }), server: 'shop' },
        ...{ body, bodySize: size, ...(body.length < size ? { bodyTruncated: true } : {}) },
        request: { method, path },
        ...{ latencyMs: waitMs + 0.6, waitMs, ...(durationMs > 0 ? { durationMs } : {}) },
        ...(answer.grpc === undefined
          ? {}
          : { grpc: { ...grpc.grpc, status: answer.grpc, statusName: names[answer.grpc] } }),
      };
      return [
        [at, request],
        [at + waitMs + durationMs, response],
      ];
    },
  );
  return lines
    .sort(([one], [other]) => one - other)
    .map(([, message]) => `${JSON.stringify(message)}\n`)
    .join('');
}
