"""Forks when it is told to (fork: the child's process id comes back), and tells how the child ended (wait)."""
import os
import sys


def child(go_on):
    for _ in range(2000):
        [i * 0.5 for i in range(300)]
    os.write(go_on[1], b'x')
    os.read(end[0], 1)
    os._exit(0)


end = os.pipe()
pid = 0
print('ready', flush=True)
for line in sys.stdin:
    if line.strip() == 'fork':
        worked = os.pipe()
        pid = os.fork()
        if not pid:
            child(worked)
        os.read(worked[0], 1)
        print(pid, flush=True)
    elif line.strip() == 'wait':
        os.write(end[1], b'x')
        print(os.waitpid(pid, 0)[1], flush=True)
