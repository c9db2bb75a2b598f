"""Peers of suites with SRP, on OpenSSL's library: both programs of OpenSSL 3.0.22 read freed memory once SRP is used.

    srp.py server PORT CERTIFICATE KEY [CERTIFICATE KEY]    answers each request with the file `body`
    srp.py client PORT SUITES KEYLOG                        sends its input, and writes what comes
"""

import ctypes
import ctypes.util
import socket
import sys

USER, PASSWORD, GROUP = b"user", b"password", b"1024"
PEM, SET_MAX_VERSION, TLS_1_2 = 1, 124, 0x0303

ssl = ctypes.CDLL(ctypes.util.find_library("ssl"))
for function in ("TLS_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, function).restype = ctypes.c_void_p
on_user_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
on_secret_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


def context_of(suites):
    context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_method())))
    assert ssl.SSL_CTX_set_cipher_list(context, suites.encode()) == 1
    assert ssl.SSL_CTX_ctrl(context, SET_MAX_VERSION, TLS_1_2, None) == 1
    return context


def over(context, peer):
    session = ctypes.c_void_p(ssl.SSL_new(context))
    assert ssl.SSL_set_fd(session, peer.fileno()) == 1
    return session


def read(session, until=None):
    buffer = ctypes.create_string_buffer(16_384)
    text = b""
    while until is None or until not in text:
        length = ssl.SSL_read(session, buffer, len(buffer))
        if length <= 0:
            break
        text += buffer.raw[:length]
    return text


def write(session, text):
    assert ssl.SSL_write(session, text, len(text)) == len(text)


@on_user_type
def on_user(session, _alert, _argument):
    is_set = ssl.SSL_set_srp_server_param_pw(ctypes.c_void_p(session), USER, PASSWORD, GROUP) == 1
    return 0 if is_set else 2


def serve(port, *files):
    context = context_of("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    for certificate, key in zip(files[::2], files[1::2]):
        assert ssl.SSL_CTX_use_certificate_file(context, certificate.encode(), PEM) == 1
        assert ssl.SSL_CTX_use_PrivateKey_file(context, key.encode(), PEM) == 1
    assert ssl.SSL_CTX_set_srp_username_callback(context, on_user) == 1
    with open("body", "rb") as file:
        body = file.read()
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        peer, _ = listener.accept()
        session = over(context, peer)
        if ssl.SSL_accept(session) == 1 and read(session, until=b"\r\n\r\n"):
            write(session, b"HTTP/1.0 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            ssl.SSL_shutdown(session)
        ssl.SSL_free(session)
        peer.close()


def ask(port, suites, keylog):
    @on_secret_type
    def on_secret(_session, line):
        with open(keylog, "ab") as file:
            file.write(line + b"\n")

    context = context_of(suites)
    ssl.SSL_CTX_set_keylog_callback(context, on_secret)
    assert ssl.SSL_CTX_set_srp_username(context, USER) == 1
    assert ssl.SSL_CTX_set_srp_password(context, PASSWORD) == 1
    session = over(context, peer := socket.create_connection(("127.0.0.1", int(port))))
    assert ssl.SSL_connect(session) == 1
    write(session, sys.stdin.buffer.read())
    sys.stdout.buffer.write(read(session))
    ssl.SSL_free(session)
    peer.close()


role, *arguments = sys.argv[1:]
{"server": serve, "client": ask}[role](*arguments)
