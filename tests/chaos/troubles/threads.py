"""500 threads at a time, starting, allocating, waiting for each other, ending; then the next 500."""
import threading

from trouble import fault, for_ever, ready

COUNT = 500


def wave():
    sums, go = [0] * COUNT, threading.Event()

    def run(k):
        mine = [('%d' % (k + i)) * 20 for i in range(30)]
        go.wait(60)
        sums[k] = sum(len(x) for x in mine)
    started = [threading.Thread(target=run, args=(k,)) for k in range(COUNT)]
    for t in started:
        t.start()
    go.set()
    for t in started:
        t.join()
    if sums != [sum(20 * len('%d' % (k + i)) for i in range(30)) for k in range(COUNT)]:
        fault('a thread counted wrong')


ready()
for_ever(wave)
