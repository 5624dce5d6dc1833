"""`duban`, loaded once: a server that forks for each call, so that a page of twenty calls takes two seconds.

`client` is a program that stands on the path as ``duban``; it lends its folder, environment and streams.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

_CLIENT = """\
#!{python} -ISX utf8
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as door:
    door.connect({address!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(door, [asked], [0, 1, 2])
    door.shutdown(socket.SHUT_WR)
    sys.exit(door.recv(1)[0])
"""
_LOADED = ("adapters.wiring", "adapters.storage.sqlite", "engine.definition.compile")


@contextmanager
def client(folder: Path) -> Iterator[Path]:
    """Lend a folder that holds a quick ``duban`` for the path."""
    address = str(folder / "door")
    program = folder / "duban"
    program.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    program.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        server = subprocess.Popen(
            [sys.executable, "-X", "utf8", __file__, str(door.fileno())], pass_fds=[door.fileno()]
        )
    try:
        yield folder
    finally:
        server.terminate()
        server.wait()


def _serve(door: socket.socket) -> None:
    from duban.cli.commands import COMMANDS
    from duban.cli.main import main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    commands = {f"cli.{entry.where.partition(':')[0]}" for entry in COMMANDS.values()}
    for name in sorted(commands.union(_LOADED)):
        import_module(f"duban.{name}")
    while True:
        caller, _ = door.accept()
        if os.fork() == 0:
            asked, streams, _, _ = socket.recv_fds(caller, 1 << 20, 3)
            args, folder, environment = json.loads(asked)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            # Made anew: those of the server know whether their file could seek.
            sys.stdout, sys.stderr = (os.fdopen(n, "w", encoding="utf-8") for n in (1, 2))
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            code = main.main(args, standalone_mode=False)
            sys.stdout.flush()
            sys.stderr.flush()
            caller.send(bytes([code or 0]))
            os._exit(0)
        caller.close()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
