# What os.fork costs in Python, with so much memory: fork_cost.py MIB COUNT prints microseconds, one line a cycle of
# fork, _exit in the child, and waitpid. The C peer is bench/c/fork-cost.c.
import os
import sys
import time

mib, count = map(int, sys.argv[1:])
memory = [bytearray(b"x" * 2**20) for _ in range(mib)]


def cycle():
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return (time.perf_counter() - began) * 1e6


for took in [cycle() for _ in range(count)]:
    print(f"{took:.1f}")
