"""Runs one command in a folder as if it were a container's file system.

`unshare … python contain.py '{"root": …}'` starts it in namespaces of its own; here the mounts are made,
rights are given up, and the command takes this process over.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path

from attrs import asdict, field, frozen

_LIBC = ctypes.CDLL(None, use_errno=True)
_READ_ONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _RECURSIVE = 1, 2, 4, 8, 32, 4096, 16384
_SET_FLAGS, _UP = 0x8914, 1
_NO_NEW_PRIVILEGES = 38
_DEVICES = ("null", "zero", "full", "random", "urandom")


@frozen
class Container:
    """What to run, where, and as whom.

    Attributes:
        root: the folder that becomes `/`.
        system: folders of this machine that are seen at the same place, to be read only.
        volumes: folders of this machine by where they are seen; these can be written.
        tmpfs: fresh folders in memory, as `docker run --tmpfs` makes them: nothing in them can be executed.
        read_only: whether everything else cannot be written.
    """

    root: str
    command: list[str]
    environ: dict[str, str]
    workdir: str = "/"
    user: int = 0
    system: list[str] = field(factory=list)
    volumes: dict[str, str] = field(factory=dict)
    tmpfs: list[str] = field(factory=list)
    read_only: bool = False

    def prepare(self) -> None:
        """Make the folders on which others are mounted, as engines do."""
        for folder in (*self.system, *self.volumes, *self.tmpfs, "/proc", "/dev", "/tmp", self.workdir):
            (Path(self.root) / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def arguments(self, *, network: bool) -> list[str]:
        """The command line that runs it."""
        namespaces = ["--mount", "--ipc", "--uts", "--pid", *([] if network else ["--net"])]
        spec = json.dumps(asdict(self))
        return ["unshare", *namespaces, "--fork", "--kill-child", sys.executable, __file__, spec]


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    if _LIBC.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()):
        code = ctypes.get_errno()
        raise OSError(code, f"mount {source} on {target}: {os.strerror(code)}")


def _bind(source: str, target: str, *, read_only: bool) -> None:
    _mount(source, target, "", _BIND | _RECURSIVE)
    if read_only:
        _mount("", target, "", _REMOUNT | _BIND | _READ_ONLY)


def _devices(root: str) -> None:
    """`/dev` with the few devices that every container has, and shared memory."""
    _mount("tmpfs", f"{root}/dev", "tmpfs", _NOSUID, "mode=755")
    for name in _DEVICES:
        Path(f"{root}/dev/{name}").touch()
        _mount(f"/dev/{name}", f"{root}/dev/{name}", "", _BIND)
    Path(f"{root}/dev/fd").symlink_to("/proc/self/fd")
    Path(f"{root}/dev/shm").mkdir()
    _mount("tmpfs", f"{root}/dev/shm", "tmpfs", _NOSUID | _NODEV | _NOEXEC, "mode=1777,size=64m")


def _loopback_up() -> None:
    with socket.socket() as sock:
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def enter(container: Container) -> None:
    """Make the mounts, and go in. Does not return."""
    root = container.root
    _mount(root, root, "", _BIND)
    for folder in container.system:
        _bind(folder, root + folder, read_only=True)
    for place, folder in container.volumes.items():
        _bind(folder, root + place, read_only=False)
    _devices(root)
    for place in container.tmpfs:
        _mount("tmpfs", root + place, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "mode=1777,size=64m")
    _mount("proc", f"{root}/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    _loopback_up()
    if container.read_only:
        _mount("", root, "", _REMOUNT | _BIND | _READ_ONLY)
    os.chroot(root)
    os.chdir(container.workdir)
    if container.user:
        os.setgroups([])
        os.setgid(container.user)
        os.setuid(container.user)
        _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    os.environ.clear()
    os.environ.update(container.environ)
    os.execvp(container.command[0], container.command)


if __name__ == "__main__":
    enter(Container(**json.loads(sys.argv[1])))
