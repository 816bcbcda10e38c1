# SPDX-License-Identifier: Apache-2.0
"""FILE SECTION OPTION [VALUE...]: what DevStack's iniset does."""

import configparser
import sys


def main(path: str, section: str, option: str, *value: str) -> None:
    parser = configparser.RawConfigParser(default_section='')
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    if not parser.has_section(section):
        parser.add_section(section)
    parser.set(section, option, ' '.join(value))
    with open(path, 'w') as file:
        parser.write(file)


if __name__ == '__main__':
    main(*sys.argv[1:])
