"""A steady service with many places that allocate: each holds a few strings and renews them now and then. 3.x.

    sites_inside.py PLACES RENEWED_EACH_SECOND
"""
import random
import sys
import time

places, rate = int(sys.argv[1]), float(sys.argv[2])
source = '\n'.join('def place_%d():\n    return [x * 1000 for _ in range(16)]' % i for i in range(places))
names = {'x': 'x'}  # a constant times a constant would be one constant, made once
exec(compile(source, 'places.py', 'exec'), names)
functions = [names['place_%d' % i] for i in range(places)]
sys.stdin.readline()  # attached by now
kept = [f() for f in functions]
sys.stdout.write('ready\n')
sys.stdout.flush()
r, begin, done = random.Random(1), time.time(), 0
while True:
    i = r.randrange(places)
    kept[i] = functions[i]()
    done += 1
    if done % 10 == 0:
        time.sleep(max(0, begin + done / rate - time.time()))
