"""Allocates at ten thousand places, over and over, and keeps the last of each: a heap that stays as large as it is."""
import time

N = 100
source = ['def inner%d():\n    return bytearray(3000)\n' % i for i in range(N)]
for j in range(N):
    source.append('def outer%d(kept):\n' % j + ''.join('    kept[%d] = inner%d()\n' % (j * N + i, i) for i in range(N)))
exec(compile('\n'.join(source), '/srv/many/places.py', 'exec'))
functions = [globals()['outer%d' % j] for j in range(N)]
kept = [None] * (N * N)
print('ready', flush=True)
while True:
    for function in functions:
        function(kept)
    time.sleep(0.05)
