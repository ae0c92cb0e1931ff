"""Runs another of these programs in a thread of its own: where there is no GIL, that has a copy of the bytecode (3.14+)."""
import os
import runpy
import sys
import threading

if __name__ == '__main__':
    sys.argv = sys.argv[1:]
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), sys.argv[0])
    thread = threading.Thread(target=runpy.run_path, args=(program,), kwargs={'run_name': '__main__'})
    thread.start()
    thread.join()
