"""A program of no file that works wherever it is started, and answers. Any Python from 2.7 on."""
import select
import subprocess
import tempfile

import memspy_live as live
from memspy_live import NotHere

# A file of nobody's: the text comes with the command. A thread allocates; the main thread answers.
PROGRAM = '''
import sys, threading, time
kept, done = [], [0]
def remember(n):
    kept.append(bytearray(n))
def work():
    while True:
        remember(200000)
        if len(kept) > 40:
            del kept[:20]
        done[0] += 1
        time.sleep(0.002)
t = threading.Thread(target=work)
t.daemon = True
t.start()
print('ready')
sys.stdout.flush()
for line in iter(sys.stdin.readline, ''):
    print(done[0])
    sys.stdout.flush()
'''
LINE, BLOCK = 5, 200000  # of the bytearray


class Guest:
    """The program, somewhere, and its process id as we see it."""

    def __init__(self, command, **how):
        self.errors = tempfile.NamedTemporaryFile(dir=live.scratch, delete=False)
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                            text=True, bufsize=1, **how)
        except PermissionError as fault:
            raise NotHere(str(fault))
        live.running.append(self.process)
        line = self.answer()
        if line != 'ready\n':
            with open(self.errors.name) as f:
                words = f.read().strip()
            self.__exit__()
            raise NotHere(f"it does not start: {words.splitlines()[-1:] or line!r}")
        self.pid = self.process.pid
        while children(self.pid):
            self.pid = children(self.pid)[0]

    def answer(self):
        """Its next line; "" when it ended or is stuck."""
        ready = select.select([self.process.stdout], [], [], 60)[0]
        return self.process.stdout.readline() if ready else ''

    def count(self):
        try:
            self.process.stdin.write('\n')
            self.process.stdin.flush()
        except OSError:
            return -1
        return int(self.answer() or -1)

    def faults(self):
        """What is wrong with it now."""
        before = self.count()
        if before < 0:
            return [f'the target does not answer: {self.process.poll()}']
        works = live.wait_until(lambda: self.count() > before)
        return live.let_go(self.pid) + ([] if works else ['the target stands still'])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process in live.running:
            live.running.remove(self.process)


def children(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []
