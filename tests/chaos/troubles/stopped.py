"""Is stopped and continued by the driver at any moment: threads that compute, sleep, wait for each other and for a pipe."""
import os
import threading
import time

from trouble import background, fault, for_ever, ready

here, there = os.pipe()
turn = threading.Condition()


def write():
    time.sleep(0.002)
    os.write(there, b'x' * 10)


def read():
    if os.read(here, 10) != b'x' * 10:
        fault('a pipe brought something else')


def sleep():
    began = time.time()
    time.sleep(0.05)
    if time.time() - began < 0.049:
        fault('a sleep was cut short')


def wait():
    with turn:
        turn.wait(0.01)
        turn.notify_all()


ready()
for function in (write, read, sleep, wait, wait):
    background(for_ever, function)
for_ever(lambda: [('%d' % i) * 20 for i in range(2000)])
