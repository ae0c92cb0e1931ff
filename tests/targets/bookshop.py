"""A service with a bit of everything that a report tells apart. Argument: seconds to serve, once a line on standard input starts it.

Prints "ready"; then, when it has served, one line of JSON with what it truly did; another line ends it.
"""
import collections
import json
import sys
import threading
import time

orders = []                             # never let go
recent = collections.OrderedDict()      # a full cache, replaced all the time
prices = None                           # read once
batch = None                            # large at first, let go bit by bit
lock = threading.Lock()
looked_up = 0


def start_up():
    global prices, batch
    prices = [str(i) * 200 for i in range(40000)]
    batch = [bytes(100000) for _ in range(300)]


def remember(number):
    entry = {'number': number, 'text': str(number) * 150, 'lines': list(range(20))}
    orders.append(entry)


def look_up(key):
    global looked_up
    with lock:
        looked_up += 1
        recent[key] = bytes(20000)
        if len(recent) > 500:
            recent.popitem(last=False)


def parse(text):
    return sum(len(word) for word in json.loads(text))


def serve(until, step):
    text = json.dumps(['item %d ' % i * 10 for i in range(300)])
    number = 0
    while time.monotonic() < until:
        for _ in range(25):
            number += step
            remember(number)
            look_up(number)
            parse(text)
        if batch and step == 1 and number % 500 == 0:
            del batch[-10:]
        time.sleep(0.01)


def size(entry):
    return sum(sys.getsizeof(v) for v in entry.values()) + sys.getsizeof(entry)


def main(seconds):
    start_up()
    until = time.monotonic() + seconds
    other = threading.Thread(target=serve, args=(until, -1), name='other')
    other.start()
    serve(until, 1)
    other.join()
    print(json.dumps({'orders': sum(map(size, orders)), 'prices': sum(map(sys.getsizeof, prices)), 'looked_up': looked_up * 20033,
                      'batch': len(batch) * 100033}), flush=True)


if __name__ == '__main__':
    print('ready', flush=True)
    sys.stdin.readline()
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3600)
    sys.stdin.readline()
