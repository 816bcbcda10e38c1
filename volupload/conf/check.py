# SPDX-License-Identifier: Apache-2.0
"""Reads every option once, so that a wrong value is told at the start."""

from collections.abc import Iterator

from oslo_config import cfg

from volupload import exception


def _options(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str]]:
    for name in conf:
        value = conf[name] if name in conf._groups else None
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            yield from ((name, option) for option in value)
        else:
            yield 'DEFAULT', name


def check_values(conf: cfg.ConfigOpts) -> None:
    """Read every registered option.

    :raises ConfigError: naming section and option of the first wrong value.
    """
    for section, option in _options(conf):
        group = conf if section == 'DEFAULT' else conf[section]
        try:
            group[option]
        except cfg.ConfigFileValueError as error:
            raise exception.ConfigError(
                section=section, option=option,
                reason=one_line(error)) from None
        except cfg.NoSuchOptError:
            continue   # a template that refers to an option of nobody's


def one_line(error: Exception) -> str:
    return ' '.join(str(error).split())
