"""An FTP server on the loopback, of one folder: as much of RFC 959 and 3659 as a client asks for."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

USER, PASSWORD = "shop", "word"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.folder = folder
        self.asked: list[str] = []
        # "" or "down" (450), or "lost": it is done, and no answer comes.
        self.fault: Callable[[str], str] = lambda command: ""
        self.knows_mlsd = True
        self.endless: Iterator[bytes] | None = None  # what is sent in the place of any listing or file
        self.was_cut, self.ended = False, threading.Event()
        self.certificate: Path | None = None

    def location(self, path: str = "") -> str:
        return f"ftp://{USER}@127.0.0.1:{self.server_address[1]}/{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class _Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.listener: socket.socket | None = None
        self.at, self.user, self.old = self.server.folder, "", ""
        self.say("220 ready")
        for line in self.rfile:
            command, _, said = line.decode().strip().partition(" ")
            self.server.asked.append(command)
            fault = self.server.fault(command)
            if fault == "down":
                self.say("450 not now")
            elif not self.answer(command.upper(), said, fault):
                return

    def finish(self) -> None:
        if self.listener:
            self.listener.close()
        super().finish()

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def answer(self, command: str, said: str, fault: str) -> bool:
        if command == "RNTO":
            os.rename(self.at / self.old, self.at / said)
            if fault == "lost":
                return False
            self.say("250 done")
        elif command == "AUTH" and self.server.certificate:
            self.say("234 go on")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.server.certificate)
            context.wrap_socket(self.connection, server_side=True)  # a client that does not believe it goes
        elif command in ("NLST", "MLSD", "RETR", "STOR"):
            self.transfer(command, said)
        elif command == "PASS" and (self.user, said) != (USER, PASSWORD):
            self.say("530 no")
        elif command == "CWD" and not (self.at / said).is_dir():
            self.say("550 no such folder")
        elif command == "DELE" and not (self.at / said).is_file():
            self.say("550 no such file")
        elif command in ("EPSV", "PASV"):
            if self.listener:
                self.listener.close()
            self.listener = socket.create_server(("127.0.0.1", 0))
            port = self.listener.getsockname()[1]
            # An address that a client must not believe.
            self.say(f"229 ok (|||{port}|)" if command == "EPSV" else f"227 ok (10,0,0,9,{port >> 8},{port & 255})")
        else:
            self.simple(command, said)
        return command != "QUIT"

    def simple(self, command: str, said: str) -> None:
        if command == "USER":
            self.user = said
        elif command == "CWD":
            self.at = self.at / said
        elif command == "RNFR":
            self.old = said
        elif command == "DELE":
            (self.at / said).unlink()
        self.say({"USER": "331 and", "PASS": "230 in", "RNFR": "350 and", "QUIT": "221 bye"}.get(command, "250 ok"))

    def transfer(self, command: str, said: str) -> None:
        if command == "MLSD" and not self.server.knows_mlsd:
            self.say("500 what")
            return
        if command == "RETR" and not (self.at / said).is_file():
            self.say("550 no such file")
            return
        assert self.listener is not None
        self.say("150 here")
        data, _ = self.listener.accept()
        with data, data.makefile("rwb") as stream:
            if self.server.endless is not None:
                self.send_endless(stream)
            elif command == "STOR":
                (self.at / said).write_bytes(stream.read())
            elif command == "RETR":
                stream.write((self.at / said).read_bytes())
            else:
                for path in sorted(self.at.iterdir()):
                    seen = path.stat()
                    at = datetime.fromtimestamp(seen.st_mtime, UTC).strftime("%Y%m%d%H%M%S")
                    facts = f"type={'dir' if path.is_dir() else 'file'};size={seen.st_size};modify={at}; "
                    told = facts.encode() if command == "MLSD" else b""
                    stream.write(told + os.fsencode(path.name) + b"\r\n")
        self.listener.close()
        self.say("226 done")

    def send_endless(self, stream: BinaryIO) -> None:
        assert self.server.endless is not None
        try:
            for block in self.server.endless:
                stream.write(block)
                stream.flush()
        except OSError:
            self.server.was_cut = True
        self.server.ended.set()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
