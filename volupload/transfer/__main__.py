# SPDX-License-Identifier: Apache-2.0
"""Turns a volume into an image, without any service.

::

    python -m volupload.transfer /dev/vg/volume --format qcow2 -o volume.qcow2
    python -m volupload.transfer disk.raw --format vmdk -o - | ssh ...

The source is a file or a block device with the volume's bytes as they are.
The image appears under its name when it is complete; ``-`` is standard
output. A bar on the terminal shows how far it is, and the last line what was
written, with its sha512.

Exit codes: 0 done; 1 it failed, and the reason is on standard error; 2 wrong
arguments; 130 and 143 interrupted, by SIGINT and SIGTERM.
"""

import argparse
from collections.abc import Sequence
import contextlib
import os
import re
import signal
import sys

from volupload import exception
from volupload.transfer import Compression
from volupload.transfer import formats
from volupload.transfer import interrupts
from volupload.transfer import Layout
from volupload.transfer import meter
from volupload.transfer import output
from volupload.transfer import pipeline
from volupload.transfer import Source
from volupload.transfer import sources
from volupload.transfer import throttle

PROGRAM = 'python -m volupload.transfer'

_UNITS = {'': 1, 'k': 10**3, 'm': 10**6, 'g': 10**9,
          'ki': 2**10, 'mi': 2**20, 'gi': 2**30}
_SIGNALS = {signal.SIGINT: 'interrupted', signal.SIGTERM: 'terminated'}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; what it returns is the exit code."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.output == '-' and sys.stdout.isatty():
        parser.error('an image is not written to a terminal')
    if _is_same(options.source, options.output):
        parser.error('the image would replace the volume')
    signals = interrupts.Interrupts()
    signals.install()
    try:
        sent = _write(options, signals)
    except (interrupts.Interrupted, exception.TransferCancelled):
        number = signal.Signals(signals.number or signal.SIGINT)
        return _fail(_SIGNALS[number], 128 + number)
    except OSError as error:
        return _fail(f'{error.filename or options.output}: '
                     f'{error.strerror or error}', 1)
    except exception.VoluploadError as error:
        return _fail(str(error), 1)
    print(_summary(sent), file=sys.stderr)
    return 0


def _write(options: argparse.Namespace,
           signals: interrupts.Interrupts) -> pipeline.Streamed:
    compression = Compression(options.compress, options.level)

    def make_layout(source: Source) -> Layout:
        return formats.FORMATS[options.format](source, compression)

    with (contextlib.closing(sources.open_path(options.source)) as source,
          output.opened(options.output, signals.allowed) as image,
          meter.Meter(source, sys.stderr) as shown,
          signals.deferred()):
        return pipeline.stream(
            shown, make_layout,
            lambda chunks, size: image.write(shown.of(chunks, size)),
            hash_algorithm='sha512' if options.digest else None,
            cancelled=lambda: shown.show() or signals.came(),
            throttle=throttle.Throttle(options.bandwidth),
            by_reference=True)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description='Turns a volume into an image.')
    parser.add_argument('source', metavar='SOURCE',
                        help='a file or a block device')
    parser.add_argument('--format', required=True,
                        choices=sorted(formats.FORMATS))
    parser.add_argument('-o', '--output', required=True, metavar='FILE',
                        help='where the image goes; - is standard output')
    parser.add_argument(
        '--compress', nargs='?', const='auto', default='none', metavar='HOW',
        choices=('auto', 'none', 'zlib', 'zstd'),
        help='--compress=zlib or =zstd; alone, or =auto: if a sample of the '
             'volume says that it pays')
    parser.add_argument('--level', type=int, metavar='N',
                        help='of the compression')
    parser.add_argument('--bandwidth', type=_rate, metavar='RATE',
                        help='bytes a second at most: 500k, 20M, 20Mi')
    parser.add_argument('--no-digest', dest='digest', action='store_false',
                        help='compute no sha512')
    return parser


def _is_same(source: str, image: str) -> bool:
    try:
        return os.path.samefile(source, image)
    except OSError:   # one of them is not there, which shows later
        return False


def _rate(text: str) -> int:
    match = re.fullmatch(r'([0-9]+) ?([kmg]?i?)', text.lower())
    if not match or match[2] not in _UNITS:
        raise argparse.ArgumentTypeError(f'{text} is no number of bytes')
    return int(match[1]) * _UNITS[match[2]]


def _summary(sent: pipeline.Streamed) -> str:
    seconds = max(sent.seconds, 1e-3)
    digest = f'sha512 {sent.digest}, ' if sent.digest else ''
    return (f'{sent.bytes_sent} bytes, {digest}{seconds:.2f} s, '
            f'{sent.bytes_sent / seconds / 1e6:.0f} MB/s')


def _fail(reason: str, code: int) -> int:
    print(f'{PROGRAM}: {reason}', file=sys.stderr)
    return code


if __name__ == '__main__':
    sys.exit(main())
