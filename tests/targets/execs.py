"""Becomes another program when it is asked to, and goes on answering. Runs on every Python from 2.7 on."""
import os
import sys

NEXT = '''
import sys
sys.stdout.write("after\\n"); sys.stdout.flush()
data = [("k%d" % i) * 50 for i in range(20000)]
while sys.stdin.readline():
    data = [x + "y" for x in data][:20000]
    sys.stdout.write("still\\n"); sys.stdout.flush()
'''

data = ['x' * i for i in range(3000)]
sys.stdout.write('ready\n')
sys.stdout.flush()
os.read(0, 1)
os.execv(sys.executable, [sys.executable, '-c', NEXT])
