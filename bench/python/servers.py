# Python's own servers, as contestants: servers.py forking|threading|asyncio fibonacci|echo|think|upload prints its port and serves.
import ctypes
import re
import signal
import socket
import socketserver
import sys
import time

BACKLOG, LARGEST, THINK_TIME = 1024, 34, 0.01


def fib(n):
    return 1 if n < 2 else fib(n - 1) + fib(n - 2)


def answer(text):
    n = int(text) if re.fullmatch(rb"\s*[+-]?\d+\s*", text) else -1
    return str(fib(n)).encode() if 0 <= n <= LARGEST else b"out of range"


def serve_fibonacci(client):
    request = client.recv(256)
    if request:
        client.sendall(answer(request))


def serve_echo(client):
    while data := client.recv(65536):
        client.sendall(data)


def serve_think(client):
    request = client.recv(256)
    time.sleep(THINK_TIME)
    client.sendall(request)


def serve_upload(client):
    size = 0
    while data := client.recv(65536):
        size += len(data)
    client.sendall(str(size).encode())


async def await_fibonacci(reader, writer):
    request = await reader.read(256)
    if request:
        writer.write(answer(request))


async def await_echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def await_think(reader, writer):
    request = await reader.read(256)
    await asyncio.sleep(THINK_TIME)
    writer.write(request)


async def await_upload(reader, writer):
    size = 0
    while data := await reader.read(65536):
        size += len(data)
    writer.write(str(size).encode())


class Handler(socketserver.BaseRequestHandler):
    serve = None

    def handle(self):
        try:
            type(self).serve(self.request)
        except OSError:
            pass  # the client is gone


class Quiet:
    request_queue_size = BACKLOG

    def handle_error(self, request, client_address):
        pass


class Forking(Quiet, socketserver.ForkingTCPServer):
    max_children = 2048


class Threading(Quiet, socketserver.ThreadingTCPServer):
    daemon_threads = True


def listen():
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def say(port):
    print(port, flush=True)


def serve_with(kind, name):
    Handler.serve = globals()["serve_" + name]
    server = kind(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listen()
    say(server.socket.getsockname()[1])
    server.serve_forever()


async def serve_asyncio(name):
    handle = globals()["await_" + name]

    async def connected(reader, writer):
        try:
            await handle(reader, writer)
            writer.close()
        except OSError:
            pass  # the client is gone

    server = await asyncio.start_server(connected, sock=listen(), backlog=BACKLOG)
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def main(kind, name):
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: it ends with whoever started it
    if kind == "asyncio":
        global asyncio
        import asyncio  # by none of the others, whose children would copy it

        asyncio.run(serve_asyncio(name))
    else:
        serve_with({"forking": Forking, "threading": Threading}[kind], name)


main(*sys.argv[1:])
