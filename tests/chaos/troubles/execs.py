"""Becomes itself anew by exec, again and again, with threads at work when it happens."""
import os
import random
import sys
import time

from trouble import background, for_ever, ready, work

if 'MEMSPY_TEST_EXECED' not in os.environ:
    os.environ['MEMSPY_TEST_EXECED'] = '1'
    ready()
for _ in range(2):
    background(for_ever, lambda: time.sleep(0.001))
end = time.time() + random.choice((0.05, 0.2, 0.4))
while time.time() < end:
    work()
os.execv(sys.executable, [sys.executable] + sys.argv)
