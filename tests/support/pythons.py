"""The CPythons a test can run: all of ~/.pyenv/versions, the system's, or those of $MEMSPY_PYTHONS (paths, ':' between)."""
import glob
import os
import subprocess

# One test each; a version that is not installed is a visible skip. "system" is what the distribution ships: often
# static and stripped.
WANTED = ['2.7', '3.6', '3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', 'system']


def version_of(python):
    code = 'import sys; print("%d.%d" % sys.version_info[:2])'
    try:
        return subprocess.run([python, '-c', code], capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ''


def find(wanted):
    """Path of a Python of this minor version ("3.12"), or of the distribution's ("system"); None: there is none."""
    if wanted == 'system':
        return os.path.realpath('/usr/bin/python3') if os.path.exists('/usr/bin/python3') else None
    named = [p for p in os.environ.get('MEMSPY_PYTHONS', '').split(':') if p]
    home = glob.glob(os.path.expanduser(f'~/.pyenv/versions/{wanted}.*/bin/python'))
    for python in named + sorted(home) + [f'/usr/local/bin/python{wanted}', f'/usr/bin/python{wanted}']:
        if os.path.exists(python) and version_of(python) == wanted:
            return python
    return None
