"""A shop for the pictures in docs: it looks prices up, opens sessions, and once imports a list. Arguments: the newest prices it keeps,
the newest sessions (0: all), seconds to serve."""
import json
import sys
import threading
import time

KEEP_PRICES, KEEP_SESSIONS, SECONDS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
prices, sessions = {}, {}
begun = time.monotonic()


def look_up(number):
    text = json.dumps({'item': number, 'words': ['item %d ' % (number + i) * 8 for i in range(6)]})
    prices[number % KEEP_PRICES] = json.loads(text)


def open_session(number):
    sessions[number % KEEP_SESSIONS if KEEP_SESSIONS else number] = 'session %d ' % number * 250


def import_prices():
    rows = [('item %d ' % i * 70)[:700] for i in range(40000)]
    time.sleep(3)
    return len(rows)


def serve(first, step):
    number = first
    while time.monotonic() - begun < SECONDS:
        for _ in range(3):
            look_up(number)
            open_session(number)
            number += step
        time.sleep(0.01)


def main():
    other = threading.Thread(target=serve, args=(1, 2), name='other')
    other.start()
    late = threading.Timer(5, import_prices)
    late.start()
    serve(0, 2)
    other.join()


if __name__ == '__main__':
    print('ready', flush=True)
    main()
