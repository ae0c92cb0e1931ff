"""sys.settrace and sys.setprofile, on and off, in several threads; the calls they see are counted."""
import sys
import threading

from trouble import background, fault, for_ever, ready


def leaf(x):
    return [x] * 50


def middle(x):
    return leaf(x) + leaf(x + 1)


def counted_by(switch):
    seen = []

    def on_event(frame, event, what):
        if event == 'call' and frame.f_code in (leaf.__code__, middle.__code__):
            seen.append('x' * 30)
        return on_event
    switch(on_event)
    for i in range(30):
        middle(i)
    switch(None)
    if len(seen) != 90:
        fault('%d of 90 calls were seen by %s' % (len(seen), switch.__name__))


def trace():
    counted_by(sys.setprofile)
    counted_by(sys.settrace)
    threading.setprofile(None)


ready()
background(for_ever, trace)
for_ever(trace)
