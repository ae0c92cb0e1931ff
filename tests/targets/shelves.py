"""A shop of known size: fills its shelves, grows and empties them as it is told, a word a line, and stands still in between.

fill: about 40 MiB by several lines, in a thread, and through json. grow: 5 MiB more by one line. empty: lets all go.
"""
import json
import sys
import threading

MIB = 1 << 20
SHELVES = {}


class Catalogue:
    def load(self, n):
        SHELVES['catalogue'] = [bytearray(4 * MIB) for _ in range(n)]

    def reload(self, depth):
        if depth:
            return self.reload(depth - 1)
        return self.load(5)


def remember(key, size):
    SHELVES[key] = bytearray(size)


def cart(i):
    remember('cart %d' % i, MIB)


def basket(i):
    remember('basket %d' % i, MIB)


def prices():
    SHELVES['prices'] = json.loads(json.dumps(['p' * MIB] * 6))


def work():
    SHELVES['thread'] = bytearray(3 * MIB)


def fill():
    Catalogue().reload(3)
    for i in range(5):
        cart(i)
    for i in range(3):
        basket(i)
    prices()
    thread = threading.Thread(target=work, name='worker')
    thread.start()
    thread.join()


def grow():
    remember('more %d' % len(SHELVES), 5 * MIB)


if __name__ == '__main__':
    print('ready', flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == 'empty':
            SHELVES.clear()
        else:
            {'fill': fill, 'grow': grow}[word]()
        print('done', flush=True)
