"""Clients in Python that ask in turn. `python_clients.py http_client|urllib3|httpx|aiohttp PLAN`"""

import asyncio
import gzip
import hashlib
import json
import sys

with open(sys.argv[2]) as file:
    PLAN = json.load(file)
HOST, PORT = PLAN["host"], PLAN["port"]
URL, OVER = PLAN["origin"], PLAN["over"]


def record(exchange, status, got, content):
    print(
        json.dumps(
            {
                "id": exchange["id"],
                "status": status,
                "got": got,
                "length": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        ),
        flush=True,
    )


def record_end(exchange, error):
    what = {"aborted": True} if exchange.get("abort") else {"error": repr(error)}
    print(json.dumps({"id": exchange["id"], **what}), flush=True)


def pieces(data, size=7001):
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def pieces_in_turn(data):
    for piece in pieces(data):
        yield piece


def upload(exchange):
    if "body" not in exchange:
        return None
    with open(exchange["body"], "rb") as file:
        return file.read()


def headers_of(exchange):
    return {"expect": "100-continue"} if exchange.get("expect") else {}


def http_client(group):
    from http.client import HTTPConnection

    connection = HTTPConnection(HOST, PORT, timeout=20)
    for exchange in group["exchanges"]:
        data, chunked = upload(exchange), bool(exchange.get("chunked"))
        try:
            body = pieces(data) if chunked else data
            connection.request(exchange["method"], exchange["target"], body, headers_of(exchange), encode_chunked=chunked)
            response = connection.getresponse()
            if exchange.get("abort") == "download":
                response.read(1000)
                connection.close()
                record_end(exchange, None)
                continue
            content = response.read()
            if response.headers.get("content-encoding") == "gzip" and content:
                content = gzip.decompress(content)
            record(exchange, response.status, response.headers.get("x-got"), content)
        except Exception as error:
            connection.close()
            record_end(exchange, error)
    connection.close()


def urllib3(group):
    from urllib3 import HTTPConnectionPool

    with HTTPConnectionPool(HOST, PORT, maxsize=1, retries=False, timeout=20) as pool:
        for exchange in group["exchanges"]:
            data, chunked = upload(exchange), bool(exchange.get("chunked"))
            try:
                response = pool.request(
                    exchange["method"],
                    exchange["target"],
                    body=pieces(data) if chunked else data,
                    headers=headers_of(exchange),
                    preload_content=False,
                )
                if exchange.get("abort") == "download":
                    response.read(1000)
                    response.close()
                    record_end(exchange, None)
                    continue
                content = response.read(decode_content=True)
                record(exchange, response.status, response.headers.get("x-got"), content)
                response.release_conn()
            except Exception as error:
                record_end(exchange, error)


def httpx(group):
    from httpx import Client, HTTPError

    version_2 = OVER in ("h2c", "h2")
    with Client(base_url=URL, trust_env=False, verify=False, http1=not version_2, http2=version_2, timeout=20) as client:
        for exchange in group["exchanges"]:
            data, chunked = upload(exchange), bool(exchange.get("chunked"))
            try:
                with client.stream(
                    exchange["method"],
                    exchange["target"],
                    content=pieces(data) if chunked else data,
                    headers=headers_of(exchange),
                ) as response:
                    if exchange.get("abort") == "download":
                        next(response.iter_raw(1000))
                        record_end(exchange, None)
                        continue
                    record(exchange, response.status_code, response.headers.get("x-got"), response.read())
            except HTTPError as error:
                record_end(exchange, error)


def aiohttp(group):
    asyncio.run(aiohttp_group(group))


async def aiohttp_group(group):
    from aiohttp import ClientError, ClientSession, TCPConnector

    async with ClientSession(connector=TCPConnector(limit=1)) as session:
        for exchange in group["exchanges"]:
            data, chunked = upload(exchange), bool(exchange.get("chunked"))
            try:
                async with session.request(
                    exchange["method"],
                    URL + exchange["target"],
                    data=pieces_in_turn(data) if chunked else data,
                    expect100=bool(exchange.get("expect")),
                ) as response:
                    if exchange.get("abort") == "download":
                        await response.content.read(1000)
                        response.close()
                        record_end(exchange, None)
                        continue
                    record(exchange, response.status, response.headers.get("x-got"), await response.read())
            except (ClientError, asyncio.TimeoutError) as error:
                record_end(exchange, error)


for planned in PLAN["groups"]:
    globals()[sys.argv[1]](planned)
