"""The target: runs pieces of work when told to, and times them. Speaks every Python from 2.7 on.

Told on stdin, answered on stdout, a line each:
    size NAME SECONDS    find how often NAME must run to take that long    -> count
    run NAME COUNT       run it                                           -> wall seconds, CPU seconds
    memory               resident bytes
"""
import gc
import os
import sys
import time

clock = getattr(time, 'perf_counter', time.time)


def cpu():
    t = os.times()
    return t[0] + t[1]


cpu = getattr(time, 'process_time', cpu)


def run(work, count):
    gc.collect()
    before_cpu, before = cpu(), clock()
    work(count)
    return clock() - before, cpu() - before_cpu


def size(work, seconds):
    """Twice the count until it takes long enough to tell, then in proportion."""
    count = 1
    work(1)
    while True:
        took = run(work, count)[0]
        if took >= seconds / 4:
            return max(1, int(round(count * seconds / took)))
        count *= 2


def resident():
    with open('/proc/self/statm') as f:
        return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def serve(find):
    """find(name) gives the work: a function of a count."""
    sys.stdout.write('ready\n')
    sys.stdout.flush()
    for line in iter(sys.stdin.readline, ''):
        words = line.split()
        try:
            if words[0] == 'size':
                answer = str(size(find(words[1]), float(words[2])))
            elif words[0] == 'run':
                answer = '%.9f %.9f' % run(find(words[1]), int(words[2]))
            elif words[0] == 'memory':
                answer = str(resident())
            else:
                answer = 'fault: no such word: ' + words[0]
        except ImportError as fault:
            answer = 'missing: %s' % fault
        except Exception as fault:
            answer = 'fault: %s: %s' % (type(fault).__name__, fault)
        sys.stdout.write(answer.replace('\n', ' ') + '\n')
        sys.stdout.flush()


def main():
    modules = [__import__(name) for name in sys.argv[1:]]
    table = {}
    for module in modules:
        table.update(module.WORK)
    serve(table.__getitem__)


if __name__ == '__main__':
    main()
