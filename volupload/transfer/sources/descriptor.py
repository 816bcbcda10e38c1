# SPDX-License-Identifier: Apache-2.0
"""Reads a volume through a descriptor, past the page cache where it can be.

A storage node's page cache belongs to its guests, so nothing of ours is left
in it: reads are direct (O_DIRECT). Offset, length and memory address of a
direct read are multiples of ``ALIGNMENT``. A request that is not is read
through a buffer of our own, the odd end of a volume too, so that no byte goes
the other way. Where direct reads are refused (EINVAL: some network and FUSE
file systems) reads are ordinary ones.

CPU seconds a GiB and MB/s of reads into nowhere, in one run, medians of five
with a cold cache (2 cores; ext4 on a virtual disk, a loop device on that):

==========  ==========  ==========  ==========  ===============
bytes read  file,       file,       device,     device,
at once     direct      ordinary    direct      ordinary
==========  ==========  ==========  ==========  ===============
256 KiB     0.25  812   0.32 1284   0.12  954   0.11  990
1 MiB       0.11  872   0.14 1848   0.07  870   0.10  556
4 MiB       0.07  919   0.08 2000   0.07  750   0.11  643
==========  ==========  ==========  ==========  ===============

Ordinary reads of a file are faster as the kernel reads ahead; Glance takes
in a fifth of the direct rate. A device's CPU is without the loop's own.

What this asks of the reader: buffers that begin at a page, and reads of 1 MiB
at multiples of 4096 bytes. 4 MiB save another 0.04 s/GiB of a file, at most.
"""

from collections.abc import Iterator
import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import threading
from types import TracebackType
from typing import Self

# A multiple of the logical sector size of every device (512 or 4096 bytes)
# and of what file systems ask for.
ALIGNMENT = 4096
_ODD_READ_SIZE = 1024 * 1024


class DescriptorSource:
    """The first ``size`` bytes behind ``fd``, which it closes at the end.

    :param direct: False for one who wants ``sendfile`` and does not mind that
        the volume fills the page cache, or has it there already.
    """

    def __init__(self, fd: int, size: int, *, direct: bool = True) -> None:
        self.size = size
        self._fd = fd
        self._lock = threading.Lock()
        self._users = 0
        self._closed = False
        self._odd: memoryview | None = None
        self._direct = _set_direct(fd, direct)
        if not self._direct:
            # The kernel reads further ahead then.
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def readinto(self, offset: int, buffer: memoryview) -> int:
        """Read up to ``size``, never beyond, whatever lies there.

        Aligned requests are as fast as the disk, others cost a copy. A read
        that fails part of the way fails as a whole: the error concerns some
        byte of the buffer, not its first.

        :raises OSError: as the system reports it; EBADF after ``close``.
        """
        length = min(len(buffer), self.size - offset)
        if length <= 0:
            return 0
        with self._use() as fd:
            if self._direct:
                try:
                    return self._read_direct(fd, offset, buffer[:length])
                except OSError as error:
                    if error.errno != errno.EINVAL:
                        raise
                # Some file systems take O_DIRECT and refuse the first read.
                self._direct = _set_direct(fd, False)
            return os.preadv(fd, [buffer[:length]], offset)

    def fileno(self) -> int | None:
        """The descriptor for ``sendfile`` where reads are ordinary ones.

        None where they are direct: read into aligned buffers and send those.
        sendfile would work from a descriptor with O_DIRECT (aligned offset
        and length, Linux 6.5 or later; nothing is left in the page cache),
        but the kernel reads 64 KiB at a time for it. CPU seconds a GiB and
        MB/s to a socket on loopback, medians of three in one run: sendfile,
        direct 0.96 and 353; splice over a pipe of 1 MiB 0.38 and 657; reads
        of 1 MiB and send 0.24 and 730. In another run sendfile over a cold
        page cache took 0.20, reads and send 0.31; it left the whole volume in
        the cache.
        """
        return None if self._direct else self._fd

    def close(self) -> None:
        """Give the descriptor back, at the latest when the last read ends.

        A reader can hang in the kernel while its transfer is over. Were the
        number closed under it, the next file that anybody opens would get
        the number, and a reader between looking at the number and calling
        the kernel would read that file as if it were the volume.
        """
        with self._lock:
            self._closed = True
            self._close_unused()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()

    @contextlib.contextmanager
    def _use(self) -> Iterator[int]:
        """Keep the descriptor open meanwhile."""
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, 'The volume was closed')
            self._users += 1
        try:
            yield self._fd
        finally:
            with self._lock:
                self._users -= 1
                self._close_unused()

    def _close_unused(self) -> None:
        if self._closed and not self._users and self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _read_direct(self, fd: int, offset: int, buffer: memoryview) -> int:
        """Read what is aligned of the request, or else its odd part."""
        even = len(buffer) - len(buffer) % ALIGNMENT
        if even and not (offset | _address(buffer)) % ALIGNMENT:
            return os.preadv(fd, [buffer[:even]], offset)
        skipped = offset % ALIGNMENT
        wanted = min(skipped + len(buffer), _ODD_READ_SIZE)
        around = self._odd_buffer()[:wanted + -wanted % ALIGNMENT]
        # At the end of a file or a device this comes back short.
        count = os.preadv(fd, [around], offset - skipped)
        found = max(0, min(count, wanted) - skipped)
        buffer[:found] = around[skipped:skipped + found]
        return found

    def _odd_buffer(self) -> memoryview:
        if self._odd is None:
            self._odd = memoryview(mmap.mmap(
                -1, _ODD_READ_SIZE,
                flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        return self._odd


def _set_direct(fd: int, direct: bool) -> bool:
    """Switch direct reads; False if they are off then.

    O_NONBLOCK, with which ``open_path`` looks at what it found, ends here.
    """
    flags = fcntl.fcntl(fd, fcntl.F_GETFL) & ~(os.O_NONBLOCK | os.O_DIRECT)
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | (direct and os.O_DIRECT))
        return direct
    except OSError:
        return False


def _address(buffer: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
