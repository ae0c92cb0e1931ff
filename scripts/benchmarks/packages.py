"""Packages that benchmarks want beside a Python, in virtual environments of our own under ~/.cache/memspy-bench."""
import os
import pathlib
import subprocess

from .pairs import say

HOME = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'memspy-bench'
PEERS = {'memray': 'memray', 'ddtrace': 'ddtrace', 'scalene': 'scalene', 'filprofiler': 'filprofiler',
         'memory_profiler': 'memory-profiler', 'numpy': 'numpy'}  # module: package


def environment(version, python, install=()):
    """Path of the Python in the environment of this version, with these modules; without any, only if it is there."""
    folder = HOME / version.split()[0]
    inner = folder / 'bin/python'
    if not install:
        return str(inner) if inner.exists() else None
    if not inner.exists():
        made = subprocess.run([python, '-m', 'venv', folder], capture_output=True, text=True)
        if made.returncode:
            say(f'bench: no virtual environment for {version}: {(made.stderr or made.stdout).strip()[-300:]}')
            return None
    for module in install:
        package = PEERS[module]
        if not has(inner, module):
            say(f'bench: installing {package} into {folder}')
            done = subprocess.run([inner, '-m', 'pip', 'install', '-q', package], capture_output=True, text=True)
            if done.returncode:
                say(f'bench: {package}: {done.stderr.strip()[-300:]}')
    return str(inner)


def has(python, module):
    code = f'import {module}'
    return subprocess.run([python, '-c', code], capture_output=True).returncode == 0


def version_of(python, package):
    code = f'import importlib.metadata as m; print(m.version({package!r}))'
    return subprocess.run([python, '-c', code], capture_output=True, text=True).stdout.strip()


def folder_of(python):
    """Where an environment has its packages: another Python of the version finds them with PYTHONPATH."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return subprocess.run([python, '-c', code], capture_output=True, text=True).stdout.strip()
