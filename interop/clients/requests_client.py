"""The library requests, with a session for each group. `requests_client.py PLAN`"""

import hashlib
import json
import sys

import requests
import urllib3

# The certificate is made for the session, and its maker is not known.
urllib3.disable_warnings()

with open(sys.argv[1]) as file:
    plan = json.load(file)


def record(**what):
    print(json.dumps(what), flush=True)


def pieces(data, size=7001):
    for at in range(0, len(data), size):
        yield data[at : at + size]


def upload(exchange):
    if "body" not in exchange:
        return None
    with open(exchange["body"], "rb") as file:
        data = file.read()
    return pieces(data) if exchange.get("chunked") else data


def run(session, exchange):
    ident, abort = exchange["id"], exchange.get("abort")
    headers = {"expect": "100-continue"} if exchange.get("expect") else {}
    url = plan["origin"] + exchange["target"]
    try:
        response = session.request(
            exchange["method"], url, data=upload(exchange), headers=headers, stream=abort is not None, timeout=20
        )
        if abort == "download":
            next(response.iter_content(1000))
            response.close()
            record(id=ident, status=response.status_code, got=response.headers.get("x-got"), aborted=True)
            return
        content = response.content
    except requests.RequestException as error:
        record(id=ident, aborted=True) if abort else record(id=ident, error=repr(error))
        return
    record(
        id=ident,
        status=response.status_code,
        got=response.headers.get("x-got"),
        length=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


for group in plan["groups"]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = False
        for exchange in group["exchanges"]:
            run(session, exchange)
