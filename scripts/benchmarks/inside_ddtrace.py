"""inside.py under ddtrace's heap sampler as its profiler sets it: 64 frames, 512 KiB, mem and obj domains."""
import inside
from ddtrace.profiling.collector import _memalloc

try:
    _memalloc.start(64, 512 * 1024, True)
except TypeError:  # before it knew the mem domain
    _memalloc.start(64, 512 * 1024)
inside.main()
