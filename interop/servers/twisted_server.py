"""Twisted Web. `twisted_server.py PORT`"""

import sys

from twisted.internet import reactor
from twisted.web import resource, server

from answers import answer


class Answers(resource.Resource):
    isLeaf = True

    def render(self, request):
        made = answer(request.path.decode(), request.content.read())
        request.setResponseCode(made.status)
        for name, value in made.headers:
            request.setHeader(name, value)
        if made.has_length:
            request.setHeader("content-length", str(len(made.body)))
        elif made.kind == "status" and made.status not in (204, 304):
            request.setHeader("content-length", "0")
        if request.method != b"HEAD":
            for piece in made.pieces:
                request.write(piece)
        request.finish()
        return server.NOT_DONE_YET


reactor.listenTCP(int(sys.argv[1]), server.Site(Answers()), interface="127.0.0.1")
reactor.run()
