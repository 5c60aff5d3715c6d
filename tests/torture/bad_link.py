"""An HTTP proxy between a client and an API. It can lose the client's packets, and let connections vanish."""

import contextlib
import ctypes
import select
import socket
import struct
import threading

SO_ATTACH_FILTER, SO_DETACH_FILTER, TCP_REPAIR = 26, 27, 19  # Linux: asm-generic/socket.h, linux/tcp.h


class BadLink:
    def __init__(self):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        self.clients, self.generation, self.lost = set(), 0, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def lose(self, in_a_hundred):
        """From now on loses this many in a hundred of the packets from clients, acknowledgements included."""
        self.lost = in_a_hundred
        for one in (self.door, *self.clients):
            with contextlib.suppress(OSError):
                lose_packets(one, in_a_hundred)

    def vanish(self):
        """Drops all connections without telling the clients, which still have their ends. False: that isn't allowed here."""
        with socket.socket() as probe:
            try:
                probe.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            except OSError:
                return False
        self.generation += 1
        return True

    def accept(self):
        while True:
            client, _ = self.door.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        generation = self.generation
        self.clients.add(client)
        lose_packets(client, self.lost)
        with client, contextlib.suppress(OSError):
            host, port = self.asked_for(client).rsplit(":", 1)
            with socket.create_connection((host, int(port))) as api:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while self.pass_on(client, api):
                    if self.generation != generation:
                        client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)  # now close sends nothing
                        break
        self.clients.discard(client)

    @staticmethod
    def asked_for(client):
        header = b""
        while not header.endswith(b"\r\n\r\n"):
            byte = client.recv(1)
            if not byte:
                raise OSError("it went")
            header += byte
        return header.split()[1].decode()

    @staticmethod
    def pass_on(client, api):
        for one in select.select([client, api], [], [], 0.05)[0]:
            some = one.recv(65536)
            if not some:
                return False
            (api if one is client else client).sendall(some)
        return True


def lose_packets(one, in_a_hundred):
    if in_a_hundred == 0:
        with contextlib.suppress(OSError):  # there was no filter
            one.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        return
    bound = 0xFFFFFFFF // 100 * in_a_hundred
    program = b"".join(struct.pack("HBBI", *step) for step in (
        (0x20, 0, 0, 0xFFFFF000 + 56),  # a random number
        (0x25, 1, 0, bound),  # if it is greater, skip the next step
        (0x06, 0, 0, 0),  # drop
        (0x06, 0, 0, 0xFFFFFFFF)))  # fmt: skip
    held = ctypes.create_string_buffer(program)
    one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 4, ctypes.addressof(held)))
