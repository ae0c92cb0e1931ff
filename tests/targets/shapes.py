"""Calls itself in every way Python knows, and says what its stack was. Runs on every Python from 2.7 on.

    shapes.py stop     stops in each shape: prints [shape, stack, places] as a line of JSON, and goes on at a byte of standard
                       input; places: [[end line, column, end column], ...], null before 3.11
    shapes.py block    "ready"; then, per number read: so many rounds of all shapes, a block of memory in each, and one
                       line of JSON with all (shape, stack) there are

A stack is [[function, file, line], ...], innermost first; files and lines are those of traceback.extract_stack.
"""
from __future__ import print_function

import functools
import itertools
import json
import os
import re
import sys
import traceback

BLOCK_BYTES = 256 << 10
PY3 = sys.version_info[0] > 2
way = sys.argv[1]
now = ''
said = {}


def below(f):
    extracted = [(e[0], e[1], e[2]) for e in reversed(traceback.extract_stack(f))]
    frames = []
    while f is not None:
        code = f.f_code
        frames.append([getattr(code, 'co_qualname', code.co_name), code.co_filename, f.f_lineno])
        assert extracted[len(frames) - 1] == (code.co_filename, f.f_lineno, code.co_name), (extracted, frames)
        f = f.f_back
    return frames


def places_below(f):
    """Where on their lines the frames are; the first goes on to its next call."""
    places = []
    while f is not None:
        place = next(itertools.islice(f.f_code.co_positions(), f.f_lasti // 2, None))
        assert place[0] == f.f_lineno, (place, f.f_lineno)
        places.append(place[1:])
        f = f.f_back
    return places


def tell(f):
    if way == 'stop':
        return (json.dumps([now, below(f), places_below(f) if sys.version_info >= (3, 11) else None]) + '\n').encode()
    text = json.dumps([now, below(f)])
    said[text] = None
    return (text + '\n').encode()


def here(*ignored):
    # One line each: whoever looks sees the stack that was told.
    if way == 'stop':
        os.write(1, tell(sys._getframe())), os.read(0, 1)
        return 0
    tell(sys._getframe()), bytearray(BLOCK_BYTES)
    return 1


SHAPES = []


def shape(f):
    SHAPES.append(f)
    return f


@shape
def a_function():
    here()


@shape
def keywords_and_stars():
    def inner(a, *rest, **more):
        here(a, rest, more)
    inner(1, *(2, 3), **{'k': 4})


class Thing(object):
    def method(self):
        here()

    @classmethod
    def of_class(cls):
        here()

    @staticmethod
    def of_nobody():
        here()

    @property
    def value(self):
        return here()

    def __getattr__(self, name):
        return here(name)

    def __call__(self, *args):
        return here(args)

    def __getitem__(self, key):
        return here(key)

    def __add__(self, other):
        return here(other)

    def __lt__(self, other):
        here()
        return False

    def __iter__(self):
        here()
        return iter([1])

    def __enter__(self):
        return here()

    def __exit__(self, *args):
        here()

    def __repr__(self):
        here()
        return 'thing'

    def __hash__(self):
        here()
        return 1

    def __contains__(self, what):
        return here()


class Made(object):
    def __new__(cls):
        here()
        return object.__new__(cls)

    def __init__(self):
        here()


class Dying(object):
    def __del__(self):
        here()


@shape
def methods():
    Thing().method()
    Thing.of_class()
    Thing.of_nobody()


@shape
def a_property():
    return Thing().value


@shape
def a_missing_attribute():
    return Thing().missing


@shape
def an_instance_called():
    Thing()(1)


@shape
def an_operator():
    Thing() + 1


@shape
def an_index():
    Thing()[0]


@shape
def a_comparison_in_sort():
    sorted([Thing(), Thing()])


@shape
def an_iterator():
    for _ in Thing():
        pass


@shape
def a_context():
    with Thing():
        here()


@shape
def repr_and_format():
    repr(Thing())
    '%r' % Thing()
    '{0!r:s}'.format(Thing())


@shape
def hash_and_in():
    {Thing(): 1}
    1 in Thing()


@shape
def a_constructor():
    Made()


@shape
def a_destructor():
    Dying()


@shape
def a_lambda():
    (lambda: here())()
    (lambda:
        (lambda x:
            here(x))(
                1))()


@shape
def comprehensions():
    [here() for _ in (1,)]
    {here() for _ in (1,)}
    {1: here() for _ in (1,)}
    [[here() for _ in (1,)] for _ in (1,)]


@shape
def a_generator_expression():
    list(here() for _ in (1,))
    any(x for x in (here() for _ in (1,)) if not x)


@shape
def a_generator():
    def make():
        here()
        got = yield 1
        here(got)
        try:
            yield 2
        except ValueError:
            here()
        yield 3
    g = make()
    next(g)
    g.send(5)
    g.throw(ValueError())


@shape
def sorted_by_key():
    sorted([2, 1], key=here)
    sorted([2, 1], key=lambda x: here(x))
    max([2, 1], key=lambda x: here(x))


@shape
def map_filter_reduce():
    list(map(here, [1]))
    list(map(lambda x: here(x), [1]))
    list(filter(lambda x: here(x), [1]))
    functools.reduce(lambda a, b: here(a, b), [1, 2])


@shape
def a_substitution():
    re.sub('a', lambda m: here(m) and '' or '', 'a')


@shape
def a_hook_of_json():
    json.loads('{"a": [{}]}', object_hook=here)


def decorated(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper


@shape
def decorators():
    @decorated
    @decorated
    def inner():
        here()
    inner()


@shape
def a_partial():
    functools.partial(here, 1)(2)
    functools.partial(lambda a, b: here(a, b), 1)(2)


@shape
def a_class_body():
    class Body(object):
        value = here()

        class Inner(object):
            value = here()


@shape
def exec_and_eval():
    exec('here()', globals())
    eval('here()', globals())
    scope = {'here': here}
    exec(compile('\n\ndef text():\n\n    here(\n        1)\n', '<a text>', 'exec'), scope)
    scope['text']()


@shape
def exceptions():
    try:
        raise KeyError(1)
    except KeyError:
        here()
    finally:
        here()


@shape
def lines_within_a_call():
    here(
        1,
        here(
            2),
        [here(x)
         for x in
         (3,)])


@shape
def a_recursion(n=25):
    if n:
        return a_recursion(n - 1)
    here()


@shape
def generated_code():
    """A line table of many thousand bytes, and lines far from each other."""
    scope = {'here': here}
    body = ''.join('    x = [%d,\n\n %d]\n' % (i, i) for i in range(4000))
    exec(compile('def long(x=0):\n' + body + '    here()\n' + '\n' * 700 + '    return here()\n', 'generated.py', 'exec'), scope)
    scope['long']()


@shape
def names_beyond_ascii():
    for name in (u'\xe9.py', u'\u03a9.py', u'\U0001f40d.py', u'x\udcff.py') if PY3 else ('n\xc3\xa9.py',):
        scope = {'here': here}
        exec(compile('def named(): here()', name, 'exec'), scope)
        scope['named']()


@shape
def a_callback_of_ctypes():
    try:
        import ctypes
    except ImportError:
        return
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda a, b: here(a, b) and 0 or 0)
    ctypes.CDLL(None).qsort((ctypes.c_int * 2)(1, 2), 2, 4, compare)


LATER = '''
import asyncio

@shape
def a_delegating_generator():
    def inner():
        here()
        yield 1
        here()
    def outer():
        yield from inner()
    list(outer())

@shape
def a_cached_function():
    functools.lru_cache()(lambda: here())()

@shape
def a_metaclass():
    class Meta(type):
        def __new__(cls, *args):
            here()
            return type.__new__(cls, *args)
        def __call__(cls):
            return here()
        @classmethod
        def __prepare__(cls, *args):
            here()
            return {}
    class Made(metaclass=Meta):
        pass
    Made()

def run(coroutine):
    try:
        coroutine.send(None)
    except StopIteration:
        pass

class Async:
    async def __aenter__(self):
        here()
    async def __aexit__(self, *args):
        here()
    def __aiter__(self):
        return self
    async def __anext__(self):
        here()
        raise StopAsyncIteration
    def __await__(self):
        here()
        return
        yield

async def waits(n):
    if n:
        await waits(n - 1)
    else:
        here()

async def numbers():
    here()
    yield 1
    here()

@shape
def coroutines():
    run(waits(3))

@shape
def asynchronous_blocks():
    async def inner():
        async with Async():
            async for x in Async():
                pass
        await Async()
        async for x in numbers():
            here()
        [here() async for x in numbers()]
    run(inner())

@shape
def an_event_loop():
    async def inner():
        here()
        await asyncio.sleep(0)
        here()
        asyncio.get_event_loop().call_soon(here)
        await asyncio.sleep(0)
    async def several():
        await asyncio.gather(inner(), waits(2))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(several())
    loop.close()
'''
if PY3:
    exec(compile(LATER, 'later.py', 'exec'), globals())


def main(rounds):
    global now
    for _ in range(rounds):
        for f in SHAPES:
            now = f.__name__
            f()


if way == 'stop':
    while True:
        main(1)
else:
    print('ready')
    sys.stdout.flush()
    for line in iter(sys.stdin.readline, ''):
        main(int(line))
        print('[' + ','.join(said) + ']')
        sys.stdout.flush()
