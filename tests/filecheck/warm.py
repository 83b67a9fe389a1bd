"""The tools under test run in forks of a process that has imported them already: imports were most of these tests' time.

`serve SOCKET` waits for commands until the process that started it is gone; `run SOCKET MODULE ARGUMENTS...` hands over its arguments,
directory, environment and open files, and ends as the command does. Where that can't be the same (another PYTHONPATH), or where nobody
serves, it starts the module itself.
"""

import os
import socket
import sys

SEPARATOR = "\0"
_LENGTH = 8


def _text(connection: socket.socket, length: int) -> bytes:
    parts = b""
    while len(parts) < length:
        part = connection.recv(length - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def run(path: str, module: str, arguments: list[str]) -> int:
    """Runs a module of the server's, or starts it here; gives its exit code."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
    environment = [part for item in os.environ.items() for part in item]
    message = SEPARATOR.join([module, os.getcwd(), str(len(arguments)), *arguments, *environment]).encode(
        "utf-8", "surrogateescape"
    )
    socket.send_fds(connection, [len(message).to_bytes(_LENGTH, "big")], [0, 1, 2])
    connection.sendall(message)
    answer = _text(connection, 1)[0]
    if answer == OTHER_PATH:
        os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
    return answer


OTHER_PATH = 255
"""The answer to a command whose imports come from elsewhere. No tool ends with it."""


def serve(path: str) -> None:
    """Runs commands until the parent is gone."""
    import importlib
    import threading

    for name in PRELOADED:
        importlib.import_module(name)
    if threading.active_count() > 1:
        raise RuntimeError("a process with threads can't be forked")
    parent, own_path = os.getppid(), os.environ.get("PYTHONPATH", "")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    listener.settimeout(1)
    while os.getppid() == parent:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        finally:
            _reap()
        if os.fork() == 0:
            listener.close()
            os._exit(_handle(connection, own_path))
        connection.close()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _handle(connection: socket.socket, own_path: str) -> int:
    connection.settimeout(None)
    header, files, _, _ = socket.recv_fds(connection, _LENGTH, 3)
    header += _text(connection, _LENGTH - len(header))
    parts = _text(connection, int.from_bytes(header, "big")).decode("utf-8", "surrogateescape").split(SEPARATOR)
    module, directory, count = parts[0], parts[1], int(parts[2])
    arguments, rest = parts[3 : 3 + count], parts[3 + count :]
    environment = dict(zip(rest[::2], rest[1::2], strict=True))
    if environment.get("PYTHONPATH", "") != own_path:
        connection.sendall(bytes([OTHER_PATH]))
        return 0
    worker = os.fork()
    if worker == 0:
        connection.close()
        os._exit(_work(module, directory, arguments, environment, files))
    for file in files:
        os.close(file)
    _, status = os.waitpid(worker, 0)
    code = os.waitstatus_to_exitcode(status)
    connection.sendall(bytes([code if code >= 0 else 128 - code]))
    return 0


def _work(module: str, directory: str, arguments: list[str], environment: dict[str, str], files: list[int]) -> int:
    import runpy
    import traceback

    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    # New streams: those of the server have found out whether its own files can seek.
    sys.stdin = open(0, encoding=sys.stdin.encoding, closefd=False)
    sys.stdout = open(1, "w", encoding=sys.stdout.encoding, closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace", closefd=False)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as exit:
        code = exit.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:  # noqa: BLE001  shown as an interpreter shows it
        traceback.print_exc()
        code = 1
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stderr.flush()
    return code if isinstance(code, int) else 0


PRELOADED = (
    "filecheck.main", "tsir.dialects.context", "tsir.lowering.pipelines", "tsir.lowering.upstream.emission",
    "tsir.passes.rules.tables", "tsir.tools.instrument.chosen", "tsir.tools.known_passes", "tsir.runtime.compiled", "tsir.archive",
)  # fmt: skip

if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(run(sys.argv[2], sys.argv[3], sys.argv[4:]))
