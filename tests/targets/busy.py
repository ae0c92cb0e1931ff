"""Never stands still: short functions that call each other in a few ways only. Prints "ready" first."""
import sys


def leaf(x):
    return x + 1


def left(x):
    return leaf(x) + leaf(x)


def right(x):
    return sum(leaf(y) for y in (x, x))


def slow(x):
    for _ in range(20000):
        x = left(x) - right(x)
    return x


def main():
    while True:
        slow(1)


print('ready')
sys.stdout.flush()
main()
