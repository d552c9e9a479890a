"""Many who say nothing: they cost little and keep nobody out."""

import pathlib
import re
import resource
import socket
import time

from serving import ServedCase

CONNECTIONS = 10_000


class IdleTest(ServedCase):
    def memory(self):
        status = pathlib.Path(f"/proc/{self.served.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1]) * 1024

    def test_ten_thousand_idle_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = CONNECTIONS if hard == resource.RLIM_INFINITY else min(CONNECTIONS, hard - 500)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        asking = self.program("metrics")
        asking.get("/api/v1/node")
        before = self.memory()
        idle = []
        self.addCleanup(lambda: [each.close() for each in idle])
        for _ in range(count):
            idle.append(socket.create_connection(("127.0.0.1", self.served.port), timeout=10))
        for _ in range(300):
            time.sleep(0.1)  # on a busy machine they are taken on while we look
            servers = asking.get("/api/v1/node").json["servers"]
            if servers[0]["connections"] > count:
                break
        self.assertGreater(servers[0]["connections"], count)
        self.assertLess((self.memory() - before) / count, 32 * 1024)
        # The last of them is served like the first.
        for each in (idle[0], idle[-1]):
            each.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(each.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n"))
