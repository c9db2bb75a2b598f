// The facts that the summary has to say of an incident.

/** The first exchange after the onset may be so late, on a busy machine. */
const ONSET_SLACK_MS = 1_500;

const TOLD = {
  'slow-dependency': ({ stock, orders, nginx }) => ({
    found: `SLOW  GET /stock/:id on stock.internal:${stock.port}`,
    rest: [
      /: the server takes (1\.[5-9]|2)\.?\d*s, else \d+\.\d+ms/,
      new RegExp(`side of the cause: the server stock\\.internal:${stock.port}, on which others depend`),
      new RegExp(`POST /checkout/:id on orders:${orders.port} waits for it`),
      new RegExp(`POST /checkout/:id on shop\\.test:${nginx.port}, through orders:${orders.port}`),
    ],
  }),
  'storm-behind-retries': ({ payments, orders, nginx }) => ({
    found: `FAILS  POST /charges/:id on payments.internal:${payments.port}`,
    rest: [
      /: [89]\d% fail, else 0% \(503: \d+\)/,
      new RegExp(
        `side of the cause: the server payments\\.internal:${payments.port}, on which others depend: it answers so`,
      ),
      new RegExp(`POST /pay/:id on orders:${orders.port} fails with it, retried: [23]\\.\\d calls each`),
      new RegExp(`POST /pay/:id on shop\\.test:${nginx.port}, through orders:${orders.port}`),
    ],
  }),
  'client-hangs-up': ({ nginx, orders }, impatient) => ({
    found: `FAILS  GET /reports/:date on shop.test:${nginx.port}`,
    rest: [
      /: \d+% get no response, else 0%/,
      new RegExp(`side of the cause: the client ${impatient.replaceAll('.', '\\.')}`),
      new RegExp(`GET /reports/:date on orders:${orders.port} is left with it`),
    ],
  }),
};

/** How far the onset of each finding is from the true one, by the row that names the endpoint. */
function findingsOf(summary, onsetMs) {
  const day = new Date(onsetMs).toISOString().slice(0, 11);
  const each = summary.matchAll(/^((?:SLOW|FAILS) .*)\n +(?:since|from) (\d\d:\d\d:\d\d\.\d{3})/gm);
  return [...each].map(([, name, time]) => ({ name, offMs: Date.parse(`${day}${time}Z`) - onsetMs }));
}

/** `summary` is what was said, with times in UTC. A busy machine is slow at other times too, which may be said after it. */
export function complaintsOf({ kind, services, impatient, onsetMs, dropped }, summary) {
  const { found, rest } = TOLD[kind](services, impatient);
  const [first, ...others] = findingsOf(summary, onsetMs);
  const isNear = ({ offMs }) => Math.abs(offMs) < ONSET_SLACK_MS;
  const complaints = [];
  if (dropped !== 0) complaints.push(`the capture lacks ${dropped} packets`);
  if (first?.name !== found) complaints.push(`first of all it says ${first?.name}, not ${found}`);
  else if (!isNear(first)) complaints.push(`the onset is ${first.offMs} ms from the true one`);
  for (const { name } of others.filter(isNear)) complaints.push(`it says more: ${name}`);
  const words = summary.replaceAll(/\s+/g, ' ');
  for (const said of rest) if (!said.test(words)) complaints.push(`it does not say ${said.source}`);
  return complaints;
}
