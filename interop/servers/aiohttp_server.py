"""aiohttp. `aiohttp_server.py PORT`"""

import sys

from aiohttp import web

from answers import answer


async def handler(request):
    made = answer(request.path, await request.read())
    if made.kind == "status":
        return web.Response(status=made.status, headers=dict(made.headers))
    response = web.StreamResponse(status=made.status, headers=dict(made.headers))
    if made.has_length:
        response.content_length = len(made.body)
    elif request.version >= (1, 1):
        response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        for piece in made.pieces if request.method != "HEAD" else []:
            await response.write(piece)
        await response.write_eof()
    except ConnectionError:
        pass  # The client went away.
    return response


app = web.Application(client_max_size=64 << 20)
app.router.add_route("*", "/{any:.*}", handler)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
