#!/usr/bin/env python3
"""Processes that memspy does not know: it says so in one sentence, and they stay as they were to the byte.

PyPy (a stand-in, and the real one where it is installed), CPythons of versions to come, and a 3.13 whose own table of
offsets is damaged: real interpreters, of which a copy was changed in a few bytes before it was started.

Arguments: memspy, a stand-in for PyPy's executable, one for its library.
"""
import os
import re
import shutil
import struct
import subprocess
import sys

import memspy_live as live
from memspy_live import Memspy, Results

WAIT = 'import sys; sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.read()'
WHERE = 'import re, sys; print(sys.base_prefix); print([l.split()[-1] for l in open("/proc/self/maps") if ' \
        're.search(r"/libpython\\d\\S*$", l)][:1] or [sys.executable])'


class Running:
    """A process that has said it is ready, waits, and is killed at the end."""
    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=dict(os.environ, **(env or {})))
        live.running.append(self.process)
        self.pid = self.process.pid
        said = self.process.stdout.readline()
        assert said == 'ready\n', f'{command}: {said!r} {self.process.stderr.read() if not said else ""}'
        where = f'/proc/{self.pid}/syscall'  # until it waits, it changes by itself
        assert live.wait_until(lambda: open(where).read().split()[0] not in ('running', '1')), 'it does not come to rest'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        live.running.remove(self.process)


def changed(before, after):
    return [f'its {key} changed' for key in before if before[key] != after[key]]


def refused(memspy, target, *words):
    """Whatever is asked of memspy, it answers with one and the same sentence and leaves nothing behind."""
    file = live.path_of('stranger.json')
    before = live.fingerprint(target.pid)
    sentence = None
    for command in ('record', 'attach', 'dump'):
        more = ('-o', file, '--duration', 1) if command == 'record' else ()
        answer = memspy.run(command, '--pid', target.pid, *more)
        assert answer.returncode == 1, f'{command}: exit {answer.returncode}: {answer.stderr}'
        assert answer.stdout == '' and answer.stderr.count('\n') == 1, f'{command}: {answer.stdout}{answer.stderr}'
        sentence = answer.stderr.rstrip('\n')
        assert sentence.startswith('memspy: ') and str(target.pid) in sentence, sentence
        assert all(w in sentence for w in words), sentence
        assert re.search(r'; run |docs/new-python', sentence), f'no remedy: {sentence}'
    assert not os.path.exists(file), 'a file was left behind'
    for way in ('map', 'dlopen'):
        assert memspy.run('record', '--pid', target.pid, '--inject', way, '-o', file).returncode == 1
    doctor = memspy.run('doctor', '--pid', target.pid)
    assert doctor.returncode == 1 and all(w in doctor.stdout + doctor.stderr for w in words), doctor.stdout + doctor.stderr
    faults = changed(before, live.fingerprint(target.pid)) + live.let_go(target.pid)
    assert not faults, faults
    return sentence


def fingerprint_notices(python):
    """What all this stands on: one byte, one thread, one mapping, one file are seen."""
    with Running(python, '-c', WAIT) as target:
        before = live.fingerprint(target.pid)
        assert live.fingerprint(target.pid) == before, 'a process that waits changes by itself'
        stack = next(int(l.split('-')[0], 16) for l in live.mappings(target.pid) if '[heap]' in l)
        with open(f'/proc/{target.pid}/mem', 'r+b', 0) as memory:
            memory.seek(stack + 64)
            byte = memory.read(1)
            memory.seek(stack + 64)
            memory.write(bytes([byte[0] ^ 1]))
        assert changed(before, live.fingerprint(target.pid)) == ['its content changed']


# ---- PyPy ----

def stand_in(memspy, executable, library):
    """The library's name tells, whatever the executable is called; and the executable's, before the library is there."""
    folder = live.path_of('pypy')
    os.makedirs(folder, exist_ok=True)
    lib = shutil.copy(library, os.path.join(folder, 'libpypy3.10-c.so'))
    for name in ('pypy3', 'python3'):
        program = shutil.copy(executable, os.path.join(folder, name))
        with Running(program, lib) as target:
            said = refused(memspy, target, 'is PyPy', 'CPython')
    with Running(os.path.join(folder, 'pypy3'), '/lib/x86_64-linux-gnu/libm.so.6') as target:
        refused(memspy, target, 'is PyPy')
    return said


def real_pypy(memspy):
    with Running(shutil.which('pypy3'), '-c', WAIT) as target:
        return refused(memspy, target, 'is PyPy', 'CPython')


# ---- a CPython for another kind of processor ----

# write(1, "ready\n", 6), and pause() for ever, for i386; what is written stands behind the code.
CODE_32 = bytes.fromhex('b804000000 bb01000000 b9 76800408 ba06000000 cd80 b81d000000 cd80 ebf7') + b'\0\0\0ready\n'


def made_for_32_bits(path):
    """A program that is no more than a header, one segment and its code."""
    at = 0x08048000
    header = b'\x7fELF' + bytes([1, 1, 1]) + bytes(9) + struct.pack('<HHIIIIIHHHHHH', 2, 3, 1, at + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    size = 84 + len(CODE_32)
    with open(path, 'wb') as f:
        f.write(header + struct.pack('<8I', 1, 0, at, at, size, size, 5, 4096) + CODE_32)
    os.chmod(path, 0o755)


def thirty_two_bits(memspy):
    """By the name of a Python, so that it is not taken for one whose library is still to come."""
    program = live.path_of('python3')
    made_for_32_bits(program)
    try:
        target = Running(program)
    except OSError as fault:
        raise live.NotHere(f'this kernel runs no 32-bit programs: {fault}')
    with target:
        return refused(memspy, target, 'is a 32-bit process', '64-bit')


def real_32_bits(memspy, python):
    with Running(python, '-c', WAIT) as target:
        return refused(memspy, target, 'is a 32-bit process', '64-bit')


def emulator(memspy, executable):
    program = shutil.copy(executable, live.path_of('qemu-aarch64-static'))
    with Running(program, '/lib/x86_64-linux-gnu/libm.so.6') as target:
        return refused(memspy, target, 'is qemu-aarch64-static', 'emulated')


# ---- a CPython with other bytes ----

class Elf:
    """As much of an ELF file as it takes to find a word of its data: dynamic symbols and sections by name."""
    def __init__(self, path):
        self.path = path
        with open(path, 'rb') as f:
            self.bytes = bytearray(f.read())
        at, = struct.unpack_from('<Q', self.bytes, 40)
        size, count, names = struct.unpack_from('<HHH', self.bytes, 58)
        rows = [struct.unpack_from('<IIQQQQIIQQ', self.bytes, at + i * size) for i in range(count)]
        self.sections = {self.text(rows[names][4] + r[0]): r for r in rows}

    def text(self, at):
        return self.bytes[at:self.bytes.index(0, at)].decode()

    def of_address(self, address):
        for row in self.sections.values():
            if row[1] == 1 and row[3] <= address < row[3] + row[5]:  # PROGBITS
                return row[4] + address - row[3]
        raise ValueError(f'{address:#x} is in no section of {self.path}')

    def symbol(self, name):
        """Where in the file its value is."""
        table, strings = self.sections['.dynsym'], self.sections['.dynstr']
        for at in range(table[4], table[4] + table[5], 24):
            word, _, _, _, value, _ = struct.unpack_from('<IBBHQQ', self.bytes, at)
            if value and self.text(strings[4] + word) == name:
                return self.of_address(value)
        raise ValueError(f'{self.path} has no {name}')

    def save(self, path):
        with open(path, 'wb') as f:
            f.write(self.bytes)
        os.chmod(path, 0o755)


def altered(python, alter):
    """A running CPython of which a copy was altered: its library where it has one, else its executable."""
    prefix, found = subprocess.run([python, '-c', WHERE], capture_output=True, text=True, check=True).stdout.splitlines()
    original = os.path.realpath(re.search(r"'(.*)'", found)[1])
    elf = Elf(original)
    alter(elf)
    folder = live.path_of('altered')
    os.makedirs(folder, exist_ok=True)
    copy = os.path.join(folder, os.path.basename(original))
    elf.save(copy)
    if '.so' in os.path.basename(copy):
        return Running(python, '-c', WAIT, env={'LD_PRELOAD': copy, 'PYTHONHOME': prefix})
    return Running(copy, '-c', WAIT, env={'PYTHONHOME': prefix})


def put(where, value, form='<Q'):
    """A change: the number at this offset of a symbol."""
    def alter(elf):
        name, offset = where
        struct.pack_into(form, elf.bytes, elf.symbol(name) + offset, value)
    return alter


def both(*alterations):
    def alter(elf):
        for a in alterations:
            a(elf)
    return alter


TABLE = '_PyRuntime'  # from 3.13 on it opens with the table of offsets
LATER = put(('Py_Version', 0), 0x031300f0, '<I')
NEXT = both(put(('Py_Version', 0), 0x030f02f0, '<I'), put((TABLE, 8), 0x030f02f0))
CASES = {
    '3.11': [('calls itself 3.19', LATER, ('3.19.0', 'memspy knows', 'docs/new-python.md'))],
    '3.12': [('calls itself 3.19', LATER, ('3.19.0', 'memspy knows', 'docs/new-python.md'))],
    '3.13': [('calls itself 3.19', both(LATER, put((TABLE, 8), 0x031300f0)), ('3.19.0', 'memspy knows', 'docs/new-python.md')),
             ('has no cookie', put((TABLE, 0), 0x7070707070707070), ('3.13.0', 'debug offsets')),
             ('has half a cookie', put((TABLE, 7), 0, '<B'), ('3.13.0', 'debug offsets')),
             ('claims no GIL', put((TABLE, 16), 1), ('3.13.0', 'debug offsets')),
             ('has an empty struct', put((TABLE, 224), 0), ('3.13.0', 'debug offsets')),
             ('has a struct without end', put((TABLE, 272), 1 << 40), ('3.13.0', 'debug offsets')),
             ('has a field outside of its struct', put((TABLE, 240), 5000), ('3.13.0', 'debug offsets')),
             ('lies about a length that still fits', put((TABLE, 152), 1 << 23), ('3.13.0', 'debug offsets'))],
    'built-3.13t': [('calls itself 3.15.2', NEXT, ('is a free-threaded CPython 3.15.2', 'memspy knows', 'docs/new-python.md'))],
}


def stranger(memspy, python, alter, words):
    with altered(python, alter) as target:
        return refused(memspy, target, *words)


def main():
    memspy, executable, library = Memspy(sys.argv[1]), sys.argv[2], sys.argv[3]
    live.begin(240)
    results = Results()
    results.run('a fingerprint', fingerprint_notices, sys.executable)
    results.run('a stand-in for PyPy', stand_in, memspy, executable, library)
    if shutil.which('pypy3'):
        results.run('PyPy itself', real_pypy, memspy)
    else:
        results.skip('PyPy itself', 'it is not installed')
    results.run('a 32-bit program', thirty_two_bits, memspy)
    for name, python in live.each_python('trixie-i386-3.13-32'):
        results.run(f'{name}, a CPython of 32 bits', real_32_bits, memspy, python)
    results.run('a stand-in for qemu', emulator, memspy, executable)
    for name, python in live.each_python(','.join([*CASES, 'system'])):
        cases = CASES.get(name) or CASES.get(live.pythons.version_of(python), [])
        if not cases:
            results.skip(name, 'a version without cases here')
        for what, alter, words in cases:
            results.run(f'{name} {what}', stranger, memspy, python, alter, words)
    results.end()


if __name__ == '__main__':
    main()
