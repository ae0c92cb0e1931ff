"""A service of several processes: gunicorn, whose master starts a worker anew when one ends."""
import os
import signal
import socket
import subprocess
import urllib.request

import memspy_live as live
from memspy_live import NotHere


def has(python, module):
    return subprocess.run([python, '-c', f'import {module}'], capture_output=True).returncode == 0


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Gunicorn:
    """A shop that three workers serve: the machine's gunicorn with a shop of Flask; else one from PyPI, with a shop of its own."""

    def __init__(self, python):
        app, env = 'shop:app', dict(os.environ)
        if not has(python, 'flask') or not has(python, 'gunicorn'):
            app = 'stall:app'
            if not has(python, 'ssl'):
                raise NotHere('this Python has no ssl, and gunicorn needs it')
            env.update(PYTHONPATH=live.packages(python, 'gunicorn'), PYTHONDONTWRITEBYTECODE='1')
            if not live.runs(python, '-c', 'import gunicorn.app.wsgiapp', **env):
                raise NotHere('gunicorn needs pkg_resources there, which is not in that root')
        self.folder, self.port = live.path_of(f'gunicorn-{os.urandom(6).hex()}'), free_port()
        os.mkdir(self.folder)
        env['HOME'] = self.folder  # it leaves a socket there
        start = 'from gunicorn.app.wsgiapp import run; run()'
        self.server = subprocess.Popen([python, '-c', start, '-w', '3', '-b', f'127.0.0.1:{self.port}', '--chdir', live.TARGETS, app], env=env,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.server.pid
        live.running.append(self.server)

    def workers(self):
        return [int(p) for p in open(f'/proc/{self.pid}/task/{self.pid}/children').read().split()]

    def answers(self, item):
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{self.port}/item/{item}', timeout=20) as answer:
                return answer.status == 200
        except OSError:
            return False

    def one_is_replaced(self):
        """One worker is asked to end: the master starts another. Those that are there then; the kernel's list may lack one."""
        first, now = self.workers()[0], []
        os.kill(first, signal.SIGTERM)

        def others():
            now[:] = self.workers()
            return len(now) == 3 and first not in now
        assert live.wait_until(others, 40), now
        return now

    def serves(self, count):
        wrong = [i for i in range(count) if not self.answers(i)]
        assert not wrong, wrong

    def __enter__(self):
        assert live.wait_until(lambda: self.answers('up'), 40), 'no answer'
        return self

    def __exit__(self, kind, *_):
        self.server.terminate()
        code = self.server.wait(30)
        live.running.remove(self.server)
        assert kind or code == 0, f'gunicorn ended with {code}'
