"""Another process that sweeps a file until nothing is due: run with the address of the store."""

from __future__ import annotations

import sys

import duban

if __name__ == "__main__":
    engine = duban.connect(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    swept = engine.sweep()
    sys.stdout.write(f"{swept.rungs}\n")
    engine.close()
