"""L1 to L5: five loops in which allocation is most of the work. Any Python from 2.7 on."""
import itertools
import json


def floats(count):
    """L1: lists of floats; one small object after the other through pymalloc."""
    numbers = list(range(1000))
    for _ in range(count):
        [j * 1.5 for j in numbers]


def strings(count):
    """L2: strings of 1 KB appended; each is a malloc of libc."""
    x = 'x'  # a constant times a constant would be one constant, made once
    for _ in range(count):
        kept = []
        for _ in range(2000):
            kept.append(x * 1000)


def documents(count):
    """L3: json, there and back."""
    document = {'rows': [{'id': i, 'name': 'name %d' % i, 'score': i * 0.5, 'tags': ['a', 'b', str(i)]}
                         for i in range(100)]}
    for _ in range(count):
        json.loads(json.dumps(document))


class Node(object):
    __slots__ = 'left', 'right'

    def __init__(self, left, right):
        self.left = left
        self.right = right


def tree(depth):
    return Node(tree(depth - 1), tree(depth - 1)) if depth else Node(None, None)


def trees(count):
    """L4: binary trees of small objects; arenas come and go."""
    for _ in range(count):
        tree(12)


def integers(count):
    """L5: integers beyond the small-int cache; an allocation and a free per turn, and next to nothing else."""
    a, b = 100000, 1
    for _ in itertools.repeat(None, 10000 * count):
        c = a + b
    return c


WORK = {'L1': floats, 'L2': strings, 'L3': documents, 'L4': trees, 'L5': integers}
