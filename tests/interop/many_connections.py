#!/usr/bin/python3
"""19 000 clients of one phx-server: all join and hear a broadcast, half are cut off without a close frame, a tenth never read.
The others lose nothing, memory stays bounded, everything is released at the end.

usage: many_connections.py BIN_DIR [CONNECTIONS]        ends with `N passed, N failed, N skipped`; numbers on stderr"""
import json
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import time

PATIENCE = 60  # seconds for one phase; none takes a tenth of it on an idle machine
UPGRADE = (b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
           b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
MANY, FLOOD = "room:many", "room:flood"


def frame(*envelope):
    """A client's text frame. The mask is zero, so the same bytes serve everybody."""
    data = json.dumps(envelope, separators=(",", ":")).encode()
    size = len(data)
    head = bytes([0x81, 0x80 | size]) if size < 126 else struct.pack(">BBH", 0x81, 0xFE, size) if size < 65536 else struct.pack(">BBQ", 0x81, 0xFF, size)
    return head + bytes(4) + data


def take_messages(buffer):
    """Whole text frames of a server, taken off the buffer; [None] at its close frame."""
    messages = []
    while len(buffer) >= 2:
        size, begin = buffer[1], 2
        if size == 126 and len(buffer) >= 4:
            size, begin = struct.unpack_from(">H", buffer, 2)[0], 4
        elif size == 127 and len(buffer) >= 10:
            size, begin = struct.unpack_from(">Q", buffer, 2)[0], 10
        elif size >= 126:
            break
        if len(buffer) < begin + size:
            break
        messages.append(json.loads(buffer[begin:begin + size]) if buffer[0] == 0x81 else None)
        del buffer[:begin + size]
    return messages


class Client:
    def __init__(self, port, topic, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self.topic, self.buffer, self.upgraded, self.joined, self.ended, self.heard = topic, bytearray(), False, False, False, []

    def begin(self):
        self.socket.sendall(UPGRADE + frame("1", "1", self.topic, "phx_join", {}))

    def read(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        self.ended = self.ended or not data
        self.buffer += data
        if not self.upgraded:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self.buffer.startswith(b"HTTP/1.1 101"), bytes(self.buffer[:end])
            self.upgraded = True
            del self.buffer[:end + 4]
        for message in take_messages(self.buffer):
            if message is None:
                self.ended = True
            elif message[3] == "phx_reply" and message[1] == "1":
                assert message[4]["status"] == "ok", message
                self.joined = True
            elif message[3] == "new_msg":
                self.heard.append(message[4]["n"])


class Crowd:
    def __init__(self, port):
        self.port, self.epoll, self.clients = port, select.epoll(), {}

    def add(self, client, events=select.EPOLLIN):
        self.clients[client.socket.fileno()] = client
        self.epoll.register(client.socket, events)
        return client

    def remove(self, client, reset):
        self.epoll.unregister(client.socket)
        del self.clients[client.socket.fileno()]
        if reset:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()

    def turn(self, wait=0.1):
        for fd, events in self.epoll.poll(wait):
            client = self.clients.get(fd)
            if client is None:
                continue
            if events & select.EPOLLOUT:
                client.begin()
                self.epoll.modify(fd, select.EPOLLIN)
            else:
                client.read()
                if client.ended:
                    self.epoll.modify(fd, 0)

    def until(self, what, done):
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
            self.turn()

    def join(self, count, topic, receive_bytes=None):
        """So many more clients, some hundred handshakes at a time."""
        made, opening = [], []
        end = time.monotonic() + PATIENCE
        while len(made) < count or opening:
            while len(opening) < 256 and len(made) < count:
                made.append(self.add(Client(self.port, topic, receive_bytes), select.EPOLLOUT))
                opening.append(made[-1])
            self.turn()
            opening = [client for client in opening if not client.joined]
            assert time.monotonic() < end, f"{len(made) - len(opening)} of {count} joined within {PATIENCE} s"
        return made


class Server:
    def __init__(self, folder):
        self.process = subprocess.Popen([f"{folder}/phx-server", "--port", "0", "--log-level", "error"], stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["listening"]["port"]

    def megabytes(self):
        with open(f"/proc/{self.process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize() / 1e6

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Publisher:
    def __init__(self, crowd):
        self.crowd, self.sent = crowd, 0
        self.clients = {topic: crowd.join(1, topic)[0] for topic in (MANY, FLOOD)}

    def say(self, topic, **more):
        self.sent += 1
        client = self.clients[topic]
        client.socket.setblocking(True)
        client.socket.sendall(frame("1", None, topic, "new_msg", {"n": self.sent, **more}))
        client.socket.setblocking(False)
        return self.sent


def run(server, count, report):
    before = server.descriptors()
    crowd = Crowd(server.port)
    start = time.monotonic()
    publisher = Publisher(crowd)
    empty = server.megabytes()
    flooded = crowd.join(count // 200, FLOOD, receive_bytes=4096)  # few, for a kernel holds some 3 MB for each
    deaf = crowd.join(count // 10 - len(flooded), MANY)
    hearing = crowd.join(count - count // 10 - 2, MANY)
    for client in deaf + flooded:
        crowd.epoll.unregister(client.socket)  # never reads again
    joined = server.megabytes()
    report(f"{count} joined in {time.monotonic() - start:.1f} s, {joined - empty:.1f} MB, {(joined - empty) * 1e6 / count:.0f} bytes each")

    said = [publisher.say(MANY) for _ in range(5)]
    crowd.until("all hear the broadcasts", lambda: all(client.heard == said for client in hearing))
    yield "all join and hear every broadcast in its order"

    cut, left = hearing[:count // 2], hearing[count // 2:]
    for index, client in enumerate(cut):
        crowd.remove(client, reset=index % 2 == 0)
        if index % 1000 == 0:
            said.append(publisher.say(MANY))
    beat = frame(None, "hb", "phoenix", "heartbeat", {})
    for client in left + deaf + flooded + list(publisher.clients.values()):
        client.socket.sendall(beat)
    crowd.until("the others hear what was said meanwhile", lambda: all(client.heard == said for client in left))
    report(f"half cut off after {time.monotonic() - start:.1f} s")
    yield "half are cut off, the others lose nothing"

    payload = "x" * 65_000
    peak, rest = server.megabytes(), before + len(left) + len(deaf) + 2
    for _ in range(400):  # what a kernel holds for each, and the 8 MB that may wait for a connection
        publisher.say(FLOOD, text=payload)
        crowd.turn(0)
        peak = max(peak, server.megabytes())
        if server.descriptors() <= rest:
            break
    crowd.until("who does not read is cut", lambda: server.descriptors() <= rest)
    peak = max(peak, server.megabytes())
    report(f"{len(deaf) + len(flooded)} that never read, {len(flooded)} of them flooded: {peak - joined:.1f} MB more at the most")
    assert peak - joined < 128, f"{peak - joined:.0f} MB"
    yield "who does not read what it is flooded with is cut, in bounded memory"

    said.append(publisher.say(MANY))
    crowd.until("the others still hear", lambda: all(client.heard == said for client in left))
    assert not any(client.ended for client in left)
    yield "the others lost nothing by that"

    for client in crowd.clients.values():
        client.socket.close()
    end = time.monotonic() + PATIENCE
    while server.descriptors() > before:
        assert time.monotonic() < end, f"{server.descriptors() - before} descriptors are still open"
        time.sleep(0.05)
    report(f"at the end {server.megabytes():.1f} MB, {time.monotonic() - start:.1f} s in all")
    yield "every descriptor is released"


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = int(sys.argv[2]) if len(sys.argv) > 2 else min(19_000, hard - 1_000)
    server = Server(sys.argv[1])
    passed = failed = 0
    try:
        for what in run(server, count, lambda text: print(text, file=sys.stderr)):
            passed += 1
            print(f"ok {passed} - {what}", flush=True)
    except (AssertionError, OSError) as error:
        failed = 1
        print(f"not ok {passed + 1} - {error}")
    server.process.terminate()
    code = server.process.wait(timeout=60)
    if code != 0:
        failed += 1
        print(f"not ok - phx-server ended with {code}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
