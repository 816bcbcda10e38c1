# SPDX-License-Identifier: Apache-2.0
"""Reads every option once, so that a wrong value is told at the start."""

from collections.abc import Iterator
import contextlib
import io
import re
import sys

from oslo_config import cfg

from volupload import exception

# oslo.config's words for a wrong value, and those for a wrong value of an
# option that the command line knows too.
_IN_FILE = re.compile(r"Value for option \S+ from .* detail='(?P<where>.*)'\)"
                      r' is not valid: (?P<reason>.*)')
_OF_COMMAND_LINE = re.compile(r'argument --(?P<option>[\w-]+): (?P<reason>.*)')


def check_values(conf: cfg.ConfigOpts) -> None:
    """Read every registered option.

    :raises ConfigError: naming section and option of the first wrong value.
    """
    if not conf.enabled_backends:
        raise exception.ConfigError(section='DEFAULT', reason='is empty',
                                    option='enabled_backends')
    for section, option in _options(conf):
        group = conf if section == 'DEFAULT' else conf[section]
        try:
            group[option]
        except cfg.ConfigFileValueError as error:
            raise exception.ConfigError(section=section, option=option,
                                        reason=_reason(error)) from None
        except cfg.NoSuchOptError:
            continue   # a template that refers to an option of nobody's


def _options(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str]]:
    for name in conf:
        value = conf[name] if name in conf._groups else None
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            yield from ((name, option) for option in value)
        else:
            yield 'DEFAULT', name


def _reason(error: Exception) -> str:
    found = _IN_FILE.fullmatch(one_line(str(error)))
    return f"{found['reason']} ({found['where']})" if found else str(error)


def one_line(text: str) -> str:
    return ' '.join(text.split())


@contextlib.contextmanager
def reworded_complaints(prog: str) -> Iterator[None]:
    """Name the section too when a file's value is one of the command line.

    oslo.config checks options that the command line knows as well by itself;
    it writes a line of its own on standard error and ends the process.
    """
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            yield
    finally:
        found = _OF_COMMAND_LINE.fullmatch(complaint.getvalue().strip())
        if found:
            option = found['option'].replace('-', '_')
            raise SystemExit(
                f"{prog}: [DEFAULT] {option}: {found['reason']}")
        sys.stderr.write(complaint.getvalue())
