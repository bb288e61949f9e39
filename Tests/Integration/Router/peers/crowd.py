"""Many connections at once: held open, made again and again, or never finished."""

import collections
import random
import selectors
import signal
import socket
import ssl
import threading
import time

from exchange import PATIENCE, ask, connect, context, dial, ending, say, server


def hold(options):
    using = None if options.plain else context(options)
    begin = time.monotonic()
    watched = selectors.DefaultSelector()
    wake, alarm = socket.socketpair()
    alarm.setblocking(False)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.set_wakeup_fd(alarm.fileno())
    watched.register(wake, selectors.EVENT_READ)
    held = set()
    for _ in range(options.count):
        try:
            stream = connect(options, using)
            ask(stream, options.text)
        except (OSError, EOFError) as error:
            report(error, begin)
            continue
        stream.setblocking(False)
        watched.register(stream, selectors.EVENT_READ)
        held.add(stream)
    say(event="open", count=len(held))
    while held:
        for key, _ in watched.select(PATIENCE):
            if key.fileobj is wake:
                wake.recv(1)
                speak(held, options.text, begin)
            else:
                listen(key.fileobj, held, begin)
        for stream in [known for known in watched.get_map().values() if known.fileobj is not wake]:
            if stream.fileobj not in held:
                watched.unregister(stream.fileobj)
                stream.fileobj.close()


def speak(held, text, begin):
    for stream in list(held):
        try:
            stream.send(text.encode())
        except OSError:
            # Its end is still to be read, and with it the reason.
            listen(stream, held, begin)


def listen(stream, held, begin):
    try:
        while part := stream.recv(65536):
            say(event="answer", detail=part.decode())
        raise EOFError
    except (ssl.SSLWantReadError, BlockingIOError):
        return
    except (OSError, EOFError) as error:
        held.discard(stream)
        report(error, begin)


def report(error, begin):
    outcome, detail = ending(error)
    say(event="end", outcome=outcome, detail=detail, seconds=round(time.monotonic() - begin, 2))


def load(options):
    stop, lock = threading.Event(), threading.Lock()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    failures, servers, exchanges = collections.Counter(), set(), collections.Counter()
    using = context(options)

    def run():
        while not stop.is_set():
            shown = None
            try:
                with connect(options, using) as stream:
                    shown = server(stream)
                    ask(stream, options.text)
            except (OSError, EOFError) as error:
                with lock:
                    failures[" ".join(ending(error))] += 1
                continue
            with lock:
                exchanges["all"] += 1
                if shown not in servers:
                    servers.add(shown)
                    say(event="server", server=shown)

    threads = [threading.Thread(target=run) for _ in range(options.count)]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join()
    say(event="done", count=exchanges["all"], failures=sum(failures.values()), detail=str(dict(failures)))


def hello(options):
    """A ClientHello as Python's library writes it."""
    output = ssl.MemoryBIO()
    tls = context(options).wrap_bio(ssl.MemoryBIO(), output, server_hostname=options.name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return output.read()


def slow(options):
    whole = hello(options)
    first = {"nothing": b"", "half": whole[:len(whole) // 2], "bytewise": b""}.get(options.how)
    watched, begin, said = selectors.DefaultSelector(), {}, 0
    for number in range(options.count):
        began = time.monotonic()
        try:
            stream = dial(options)
            stream.sendall(random.Random(number).randbytes(600) if first is None else first)
        except OSError as error:
            report(error, began)
            continue
        stream.setblocking(False)
        watched.register(stream, selectors.EVENT_READ)
        begin[stream] = began
    say(event="open", count=len(begin))
    while begin:
        ready = watched.select(1)
        if options.how == "bytewise":
            for stream in begin:
                try:
                    stream.send(whole[said:said + 1])
                except OSError:
                    pass
            said += 1
        for key, _ in ready:
            try:
                if key.fileobj.recv(65536):
                    continue
                raise EOFError
            except (OSError, EOFError) as error:
                watched.unregister(key.fileobj)
                report(error, begin.pop(key.fileobj))
                key.fileobj.close()
