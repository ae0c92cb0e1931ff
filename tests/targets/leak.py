"""A service with a leak: a cache that forgets nothing, beside work that does not leak."""
import json
import os
import sys
import time

CACHE = {}


def remember(key):
    CACHE[key] = "x" * 4000 + str(key)


def parse():
    return json.loads('{"rows": [' + ','.join('{"id": %d}' % i for i in range(200)) + ']}')


def serve(seconds):
    start = time.time()
    requests = 0
    while time.time() - start < seconds:
        for _ in range(20):
            remember(requests)
            parse()
            requests += 1
        time.sleep(0.02)


if __name__ == '__main__':
    sys.stdout.write('%d\n' % os.getpid())
    sys.stdout.flush()
    serve(float(sys.argv[1]) if len(sys.argv) > 1 else 3600)
