"""
The CPythons a test can run: all of ~/.pyenv/versions, the system's, those of $MEMSPY_PYTHONS (paths, ':' between), and
those that scripts/pythons got: roots of other Debian suites.
"""
import glob
import os
import re
import subprocess

OTHERS = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'memspy-pythons')

# One test each; a version that is not installed is a visible skip. "system" is what the distribution ships: often
# static and stripped.
WANTED = ['2.7', '3.6', '3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14', '3.15', 'system']
# More of them: other patch levels and builds, of other roots.
MORE = ['bullseye-2.7', 'bullseye-3.9', 'bullseye-3.9-shared', 'bookworm-3.11-shared',
        'trixie-3.13', 'trixie-3.13-shared', 'sid-3.13', 'sid-3.14',
        'sid-3.14-shared', 'sid-3.14-late', 'sid-3.15', 'sid-3.15-shared', 'sid-3.15-late']
# Those that scripts/pythons builds itself.
BUILT = ['built-3.13t', 'built-3.14t', 'built-3.13-musl']

# The programs that stand before such a Python, under the same process id.
STARTERS = ['sh', 'dash', 'bash', 'unshare', 'chroot']


def version_of(python):
    code = 'import sys; print("%d.%d" % sys.version_info[:2])'
    try:
        return subprocess.run([python, '-c', code], capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ''


def others(name):
    """Programs of other roots: "3.14" is that minor version's interpreter in any, "uwsgi" every uWSGI."""
    return sorted(glob.glob(f'{OTHERS}/bin/*-{name}')) if os.getuid() == 0 else []


def roots():
    return sorted(d for d in glob.glob(f'{OTHERS}/*') if os.path.isdir(d + '/usr'))


def root_of(python):
    """(root, path in it) of a program of another root; (None, python) of one of this machine."""
    if not str(python).startswith(OTHERS + '/bin/') or os.path.islink(python):
        return None, python
    with open(python) as f:
        root, path = re.search(r"sh '(/[^']+)' '(/[^']+)'", f.read()).groups()
    return root, path


def find(wanted):
    """
    Path of a Python of this minor version ("3.12"), of the distribution's ("system"), or of one of another root
    ("sid-3.14"); None: there is none.
    """
    if wanted == 'system':
        return os.path.realpath('/usr/bin/python3') if os.path.exists('/usr/bin/python3') else None
    if wanted[0].isalpha():
        python = f'{OTHERS}/bin/{wanted}'
        return python if os.path.exists(python) and os.getuid() == 0 and version_of(python) else None
    named = [p for p in os.environ.get('MEMSPY_PYTHONS', '').split(':') if p]
    home = glob.glob(os.path.expanduser(f'~/.pyenv/versions/{wanted}.*/bin/python'))
    usual = [f'/usr/local/bin/python{wanted}', f'/usr/bin/python{wanted}']
    for python in named + sorted(home) + usual + others(wanted):
        if os.path.exists(python) and version_of(python) == wanted:
            return python
    return None
