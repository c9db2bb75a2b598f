"""The WSGI application on servers that are started from a program. `wsgi_servers.py SERVER PORT`"""

import sys

from wsgi_app import app


def waitress(port):
    from waitress import serve

    serve(app, host="127.0.0.1", port=port, threads=8, _quiet=True)


def werkzeug(port):
    import logging

    from werkzeug.serving import WSGIRequestHandler, run_simple

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    run_simple("127.0.0.1", port, app, threaded=True)


def wsgiref(port):
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    make_server("127.0.0.1", port, app, handler_class=Quiet).serve_forever()


def cheroot(port):
    from cheroot.wsgi import Server

    Server(("127.0.0.1", port), app).start()


def gevent(port):
    from gevent.pywsgi import WSGIServer

    WSGIServer(("127.0.0.1", port), app, log=None).serve_forever()


globals()[sys.argv[1]](int(sys.argv[2]))
