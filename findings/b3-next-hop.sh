#!/usr/bin/env bash
# A B3 header may leave the sampling state out: the caller defers, and its receiver decides (github.com/openzipkin/b3-propagation, Sampling
# State). A trace id may have 64 bits, 16 digits. Four tracers read such a header and write that of the next hop, with no decision made in between.
#
# Seen with @opentelemetry/propagator-b3 2.12.0 and dd-trace 5.132.0 in Node, opentelemetry-propagator-b3 1.45.1 and ddtrace 4.16.0 in Python:
#                          one field: state, trace id       several fields: state
#   b3-propagation:        none                             none
#   OpenTelemetry, Node    0, not sampled  32 digits        0, not sampled
#   OpenTelemetry, Python  1, sampled      32 digits        0, not sampled
#   dd-trace, Node         0, not sampled  16 digits        0, not sampled
#   ddtrace, Python        none            16 digits        none
# So a hop can end the trace of a caller that left the choice to it, and which hop does depends on the language and on the form of the
# header. In a capture a trace has two ids of different length: one padded with zeros.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q 'opentelemetry-api==1.45.1' 'opentelemetry-propagator-b3==1.45.1' 'ddtrace==4.16.0'
(
  cd "$folder" && echo '{}' > package.json &&
    npm install --silent --no-audit --no-fund '@opentelemetry/api@1.9.1' '@opentelemetry/propagator-b3@2.12.0' 'dd-trace@5.132.0'
)
cat > "$folder/headers.json" <<'JSON'
[
  { "b3": "64fe8b2a57d3eff7-e457b5a2e4d86bd1" },
  { "x-b3-traceid": "64fe8b2a57d3eff7", "x-b3-spanid": "e457b5a2e4d86bd1" }
]
JSON
cat > "$folder/ask.cjs" <<'JS'
process.env.DD_TRACE_PROPAGATION_STYLE = 'b3,b3 single header';
process.env.DD_TRACE_STARTUP_LOGS = 'false';
const { ROOT_CONTEXT, defaultTextMapGetter, defaultTextMapSetter } = require('@opentelemetry/api');
const { B3InjectEncoding, B3Propagator } = require('@opentelemetry/propagator-b3');
const tracer = require('dd-trace').init({ plugins: false });
const [one, several] = require('./headers.json');

function ofOpenTelemetry(headers, injectEncoding) {
  const propagator = new B3Propagator({ injectEncoding });
  const next = {};
  propagator.inject(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter), next, defaultTextMapSetter);
  return next;
}
function ofDatadog(headers) {
  const next = {};
  tracer.inject(tracer.extract('http_headers', headers), 'http_headers', next);
  return next;
}
const stateOf = ({ 'x-b3-sampled': state }) => state ?? 'none';
for (const [name, single, multiple] of [
  ['OpenTelemetry, Node', ofOpenTelemetry(one, B3InjectEncoding.SINGLE_HEADER), ofOpenTelemetry(several, B3InjectEncoding.MULTI_HEADER)],
  ['dd-trace, Node', ofDatadog(one), ofDatadog(several)],
]) {
  const [trace, , state = 'none'] = single.b3.split('-');
  console.log(`${name}: ${state}, ${trace.length} digits; ${stateOf(multiple)}`);
}
process.exit();
JS
cat > "$folder/ask.py" <<'PY'
import json, os
os.environ["DD_TRACE_PROPAGATION_STYLE"] = "b3,b3multi"
from ddtrace.propagation.http import HTTPPropagator
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat

one, several = json.load(open("headers.json"))

def of_opentelemetry(propagator, headers):
    following = {}
    propagator.inject(following, propagator.extract(headers))
    return following

def of_datadog(headers):
    following = {}
    HTTPPropagator.inject(HTTPPropagator.extract(headers), following)
    return following

for name, single, multiple in (
    ("OpenTelemetry, Python", of_opentelemetry(B3SingleFormat(), one), of_opentelemetry(B3MultiFormat(), several)),
    ("ddtrace, Python", of_datadog(one), of_datadog(several)),
):
    trace, _, *state = single["b3"].split("-")
    print(f"{name}: {(state or ['none'])[0]}, {len(trace)} digits; {multiple.get('x-b3-sampled', 'none')}")
PY
cat > "$folder/expected" <<'TXT'
OpenTelemetry, Node: 0, 32 digits; 0
dd-trace, Node: 0, 16 digits; 0
OpenTelemetry, Python: 1, 32 digits; 0
ddtrace, Python: none, 16 digits; none
TXT
cd "$folder"
{ node ask.cjs && venv/bin/python ask.py; } | tee seen
cmp expected seen
