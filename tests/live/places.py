"""The places that a Python can be in: {name: how the program of guest.py is started there, from a Python's path}."""
import contextlib
import os
import re
import shutil
import struct
import subprocess
import sys

import memspy_live as live
from guest import PROGRAM, Guest
from memspy_live import NotHere
import pythons

NOBODY = 65534


def program(python, *options):
    return [python, *options, '-c', PROGRAM]


def inside(script, command, *namespaces):
    """The command behind a shell's preparations, in namespaces of its own."""
    return ['unshare', *namespaces, 'sh', '-c', script + '\nexec "$@"', 'sh', *command]


def prefix_of(python):
    return subprocess.check_output([python, '-c', 'import sys; print(sys.prefix)'], text=True).strip()


def loader_of(program):
    with open(program, 'rb') as f:
        return re.search(rb'/[^\0]*/ld-[^\0]*', f.read(4096))[0].decode()  # as the program asks for


def root_for(python):
    """
    (root, path in it, shell commands that make it, once in a mount namespace): the root of another suite, or for a Python
    of this machine one with /usr and the Python, and nothing else.
    """
    root, path = pythons.root_of(python)
    if root:
        return root, path, f'mount --bind {root} {root}'
    root, path = live.path_of('root'), os.path.realpath(python)
    os.makedirs(root, exist_ok=True)
    needed = [d for d in (prefix_of(python), os.path.dirname(loader_of(path))) if not d.startswith(('/usr', '/lib'))]
    if any(str(live.TARGETS).startswith(d + '/') for d in ['/usr', *needed]):
        raise NotHere('these tests are in the root that would be made for it')
    steps = [f'mount -t tmpfs -o mode=755 tmpfs {root}', f'mkdir {root}/proc {root}/tmp',
             *[f'mkdir -p {root}{d} && mount --rbind {d} {root}{d}' for d in ['/usr', *needed]],
             *[f"ln -s {os.readlink('/' + d)} {root}/{d}" for d in os.listdir('/') if os.path.islink('/' + d)]]
    return root, path, ' && '.join(steps)


def of_root(python, *namespaces, more='true', proc=True, change=lambda root, path: ['chroot', root, *program(path)]):
    """In its root. more: further preparations; change: (root, path) to the command that goes into it and starts the Python."""
    root, path, make = root_for(python)
    mounts = f'{make} && mount -t proc proc {root}/proc && mount -t tmpfs -o mode=1777 tmpfs {root}/tmp' if proc else make
    return inside(f'{mounts} && {more.format(root=root, path=path)} || exit 1', change(root, path), '--mount', *namespaces)


def seen_by(pid, path):
    return os.path.lexists(f'/proc/{pid}/root{path}')


def here(python):
    return dict(command=program(python))


OWN = ('--pid', '--user', '--map-root-user', '--fork', '--kill-child')


def own_namespaces(python):
    return dict(command=inside('mount -t proc proc /proc || exit 1', program(python), '--mount', *OWN))


def foreign_root(python):
    """Nothing of ours is visible: not memspy, not the tests, not the machine's files; own mount, pid and user namespaces."""
    return dict(command=of_root(python, *OWN), check=lambda pid: not seen_by(pid, live.TARGETS) and seen_by(pid, '/proc/self'))


def in_chroot(python):
    root, path = pythons.root_of(python)
    command = ['chroot', root, *program(path)] if root else of_root(python, proc=False)
    return dict(command=command, check=lambda pid: not seen_by(pid, live.TARGETS) and not seen_by(pid, '/proc/self'))


def read_only(python):
    return dict(command=inside('mount -o remount,bind,ro / || exit 1; touch / 2>/dev/null && exit 1', program(python), '--mount'))


def no_tmp(python):
    script = 'for d in /tmp /var/tmp /dev/shm /run; do mount -t tmpfs -o ro,mode=0 tmpfs $d || exit 1; done'
    return dict(command=inside(script, program(python), '--mount'), cwd='/')


def noexec(python):
    script = 'for d in /tmp /var/tmp /dev/shm /run; do mount -t tmpfs -o noexec tmpfs $d || exit 1; done'
    return dict(command=inside(script, program(python), '--mount'), cwd='/')


def other_user(python):
    """Where a Python lies in a folder that is closed to others, it is seen in a root where it is not."""
    return dict(command=of_root(python, change=lambda root, path: ['chroot', f'--userspec={NOBODY}:{NOBODY}', '--groups=', root,
                                                                   *program(path)]),
                check=lambda pid: live.status_of(pid)['Uid'].split() == [str(NOBODY)] * 4)


def renamed(python):
    """The executable under another name, and gone since: an upgrade took it away."""
    env = dict(os.environ, PYTHONHOME=prefix_of(python))

    def gone(pid):
        return os.readlink(f'/proc/{pid}/exe').endswith('/shopd (deleted)')
    if pythons.root_of(python)[0]:
        command = of_root(python, more='cp {root}{path} {root}/tmp/shopd',
                          change=lambda root, _: ['chroot', root, *program('/tmp/shopd')])
        return dict(command=command, env=env, then=lambda pid: os.unlink(f'/proc/{pid}/root/tmp/shopd'), check=gone)
    copy = live.path_of('shopd')
    shutil.copy(os.path.realpath(python), copy)
    return dict(command=program(copy), env=env, then=lambda pid: os.unlink(copy), check=gone)


def by_loader(python):
    """Started through the loader, as some bundles are: the process's executable is ld.so."""
    root, path = pythons.root_of(python)
    real = os.path.realpath((root or '') + path)
    loader = loader_of(real)
    command = [loader, *program(real)]
    if root:
        command = of_root(python, change=lambda root, path: ['chroot', root, loader, *program(path)])
    return dict(command=command, check=lambda pid: os.path.basename(os.readlink(f'/proc/{pid}/exe')).startswith('ld-'))


KILL, REFUSE, UNKNOWN = 0x80000000, 0x00050000 | 1, 0x00050000 | 38
DOCKER = {n: REFUSE for n in (101, 155, 165, 166, 167, 169, 175, 176, 246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 312,
                              313, 321, 323, 425, 426, 427)}
DOCKER[435] = UNKNOWN
MEMFD_CREATE = 319
# Filters itself, goes into a root, and becomes the program: a filter as Docker's refuses to make that root.
FILTERED = '''
import ctypes, os, struct, sys
rows, root, command = bytes.fromhex(sys.argv[1]), sys.argv[2], sys.argv[3:]
code = ctypes.create_string_buffer(rows)
filter_ = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(rows) // 8, ctypes.addressof(code)))
libc = ctypes.CDLL(None)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
    sys.exit('no filter')
os.chroot(root)
os.chdir('/')
os.execv(command[0], command)
'''


def filtered(numbers):
    """A seccomp filter over all that this process and its children will do: {number: what happens}."""
    def place(python):
        rows = [(0x20, 0, 0, 0)]  # load the number
        for n, action in sorted(numbers.items()):
            rows += [(0x15, 0, 1, n), (0x06, 0, 0, action)]
        rows.append((0x06, 0, 0, 0x7fff0000))
        code = b''.join(struct.pack('HBBI', *r) for r in rows).hex()

        def change(root, path):
            return [sys.executable, '-c', FILTERED, code, root, *program(path)]
        return dict(command=of_root(python, change=change) if pythons.root_of(python)[0] else change('/', python),
                    check=lambda pid: live.status_of(pid)['Seccomp'] == '2')
    return place


def preloaded(library):
    def loaded(pid):
        return any(library in line for line in live.mappings(pid))

    def place(python):
        root, path = pythons.root_of(python)
        for folder in [root] if root else ['/', *pythons.roots()]:
            found = f'{folder}/usr/lib/x86_64-linux-gnu/{library}'.replace('//', '/')
            if not os.path.exists(found):
                continue
            if root:  # it is there under its own name, for the program only
                again = 'import os, sys; os.environ["LD_PRELOAD"] = sys.argv[1]; os.execv(sys.executable, [sys.executable, "-c", sys.argv[2]])'
                return dict(command=[python, '-c', again, found[len(root):], PROGRAM], check=loaded)
            env = dict(os.environ, LD_PRELOAD=found)
            answer = subprocess.run([python, '-c', ''], env=env, capture_output=True)
            if answer.returncode == 0 and not answer.stderr:
                return dict(command=program(python), env=env, check=loaded)
        raise NotHere(f"no {library.partition('.')[0]} {'in that root' if root else 'that it can load'}")
    return place


def knows(python, *since):
    """Older ones take it, and do nothing."""
    return live.runs(python, '-c', f'import sys; sys.exit(sys.version_info < {since})')


def malloc(kind):
    def place(python):
        if not knows(python, 3, 6) or not live.runs(python, PYTHONMALLOC=kind):
            raise NotHere('not in this Python')
        return dict(command=program(python), env=dict(os.environ, PYTHONMALLOC=kind))
    return place


def option(name, *since):
    def place(python):
        if not knows(python, *since) or not live.runs(python, '-X', name):
            raise NotHere('not in this Python')
        return dict(command=program(python, '-X', name))
    return place


PLACES = {
    'here': here,
    'own mount, pid and user namespace': own_namespaces,
    'foreign root without any file of ours, own namespaces': foreign_root,
    'chroot': in_chroot,
    'read-only root': read_only,
    'no /tmp, /run, /dev/shm': no_tmp,
    'noexec /tmp, /run, /dev/shm': noexec,
    'another user': other_user,
    'executable renamed and deleted': renamed,
    'started through ld.so': by_loader,
    'seccomp as in Docker': filtered(DOCKER),
    'seccomp refuses memfd_create': filtered({MEMFD_CREATE: REFUSE}),
    'seccomp kills at memfd_create': filtered({MEMFD_CREATE: KILL}),
    'jemalloc preloaded': preloaded('libjemalloc.so.2'),
    'tcmalloc preloaded': preloaded('libtcmalloc_minimal.so.4'),
    'PYTHONMALLOC=malloc': malloc('malloc'),
    'PYTHONMALLOC=debug': malloc('debug'),
    'PYTHONMALLOC=malloc_debug': malloc('malloc_debug'),
    'PYTHONMALLOC=pymalloc_debug': malloc('pymalloc_debug'),
    'PYTHONMALLOC=mimalloc': malloc('mimalloc'),
    'PYTHONMALLOC=mimalloc_debug': malloc('mimalloc_debug'),
    'python -X dev': option('dev', 3, 7),
    'python -X tracemalloc': option('tracemalloc=5', 3, 4),
    'python -X disable-remote-debug': option('disable-remote-debug', 3, 14),
}


@contextlib.contextmanager
def guest_in(place, python):
    """The program in that place, and nowhere else."""
    how = PLACES[place](python)
    then, check = how.pop('then', None), how.pop('check', None)
    with Guest(**how) as guest:
        if then:
            then(guest.pid)
        assert not check or check(guest.pid), 'it is not in such a place'
        yield guest
