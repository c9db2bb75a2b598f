"""Tornado. `tornado_server.py PORT`"""

import asyncio
import sys

import tornado.web
from tornado.iostream import StreamClosedError

from answers import answer


class Handler(tornado.web.RequestHandler):
    async def answer(self):
        made = answer(self.request.path, self.request.body)
        self.set_status(made.status)
        for name, value in made.headers:
            self.set_header(name, value)
        if made.has_length:
            self.set_header("content-length", str(len(made.body)))
        if made.status in (204, 304):
            self.clear_header("content-type")
        try:
            for piece in made.pieces if self.request.method != "HEAD" else []:
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            return  # The client went away.
        self.finish()

    get = head = post = answer


async def main():
    app = tornado.web.Application([(r"/.*", Handler)], log_function=lambda _: None)
    app.listen(int(sys.argv[1]), "127.0.0.1", max_body_size=64 << 20)
    await asyncio.Event().wait()


asyncio.run(main())
