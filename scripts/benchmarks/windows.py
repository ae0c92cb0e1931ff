"""
scripts/bench windows: an idea, not a feature. What loops cost while CPython's allocator tables lead to memspy only in short
random windows, flipped from outside. What is sampled then stands for 1 / duty as much; what intervals come of that,
windows_truth finds out. docs/decisions/0010 has what came of both.
"""
import array
import random
import threading

from .loops import NOTE, ratios_row
from .pairs import Paired, guarded, say
from .processes import Fault, Memspy, Setting, each_python

WINDOW_S = 0.005


class Duty(Setting):
    """The part of the time in which the tables lead to us; 1: always, as memspy does."""
    def __init__(self, duty):
        super().__init__()
        self.duty = duty

    def __str__(self):
        return f'{100 * self.duty:.0f} % of the time'


def words_of(pid):
    """{address: word} of all that objects have as writable data, and where code is mapped from files."""
    words, code = {}, []
    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in maps:
            span, rights, *_, name = line.split(None, 5) if line.count('/') else (*line.split()[:2], '')
            start, end = (int(x, 16) for x in span.split('-'))
            if not name.startswith('/'):
                continue
            if rights[2] == 'x':
                code.append((start, end))
            elif rights[1] == 'w' and rights[3] == 'p':
                memory.seek(start)
                words.update(zip(range(start, end, 8), array.array('Q', memory.read(end - start))))
    return words, code


def tables_of(pid, before, code):
    """[(address, original, hook)]: three words in a row that lead elsewhere since, before a fourth (free) that does not."""
    now, found = words_of(pid)[0], []

    def turned(address):
        return address in before and address in now and before[address] != now[address]

    def is_code(word):
        return any(a <= word < b for a, b in code)

    for at in before:
        row = [at, at + 8, at + 16]
        if all(map(turned, row)) and not turned(at - 8) and not turned(at + 24) and is_code(before.get(at + 24, 0)) \
                and all(is_code(before[a]) for a in row):
            found += [(a, before[a], now[a]) for a in row]
    return found


class Flipping(Memspy):
    """Attached all the time; the tables lead to us for a part of it."""
    def __init__(self, path):
        super().__init__(path)
        self.flipper = None

    def become(self, pid, setting):
        if self.attached.get(pid) is setting:
            return
        self.stop()
        before, code = words_of(pid) if setting and pid not in self.attached else ({}, [])
        if setting is None or pid not in self.attached:
            super().become(pid, setting)
            if setting:
                self.tables = tables_of(pid, before, code)
                if len(self.tables) != 6:
                    raise Fault(f'{len(self.tables)} words of allocator tables were found, not 6')
        self.attached[pid] = setting
        if setting is None:
            self.attached.pop(pid, None)
        elif setting.duty < 1:
            self.over = threading.Event()
            self.flipper = threading.Thread(target=self.flip, args=(pid, setting.duty))
            self.flipper.start()

    def stop(self):
        if self.flipper:
            self.over.set()
            self.flipper.join()
            self.flipper = None

    def flip(self, pid, duty):
        with open(f'/proc/{pid}/mem', 'r+b', 0) as memory:
            def lead(which):
                for row in self.tables:
                    memory.seek(row[0])
                    memory.write(row[which].to_bytes(8, 'little'))

            while not self.over.is_set():
                lead(2)
                self.over.wait(random.expovariate(1 / WINDOW_S))
                lead(1)
                self.over.wait(random.expovariate(duty / (1 - duty) / WINDOW_S))
            lead(2)  # as memspy left them, for its detach


def run(o, results, memspy):
    names = ['L1', 'L3', 'L4', 'L5']
    settings = [Duty(1), Duty(0.1), Duty(0.02)]
    table = results.table('Loops, tables leading to memspy for a part of the time / not attached',
                          ['CPython, windows', *names, 'mean', 'CPU', 'noise'], NOTE)
    found = results.figures['windows'] = []
    for version, python in each_python(o.python):
        say(f'windows: CPython {version}')
        paired = guarded(results, f'windows on {version}', Paired, Flipping(memspy.path), python, ['loops_inside'], names,
                         settings, 3 if o.quick else o.seconds or 30, seconds=0.02 if o.quick else 0.06,
                         processes=1 if o.quick else 2, label=version)
        if paired:
            for s in settings:
                row = ratios_row(table, f'{version}, {s}', paired, s, names)
                found.append({'python': version, 'setting': str(s), 'rounds': paired.rounds, **(row or {})})
