"""Once asked, keeps more and more until it is killed."""
import sys

kept = []


def eat():
    while True:
        kept.append(bytearray(b'x') * 50000)


sys.stdout.write('ready\n')
sys.stdout.flush()
sys.stdin.readline()
eat()
