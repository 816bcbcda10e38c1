# SPDX-License-Identifier: Apache-2.0
"""Which compression an upload gets: the configuration's, or its type's.

A volume type says it with two extra specs, for all volumes that have it::

    volupload:compression         auto, none, zlib or zstd
    volupload:compression_level   a number, of the scale of that codec

A type that names a codec and no level gets the codec's fastest one; the
configured level belongs to the configured codec.
"""

from volupload import exception
from volupload.conf import CONF
from volupload.db import models
from volupload.transfer import codecs
from volupload.transfer import Compression

CODEC_SPEC = 'volupload:compression'
LEVEL_SPEC = 'volupload:compression_level'

_CODECS = ('auto', 'none', 'zlib', 'zstd')


def check_config() -> None:
    """
    :raises ConfigError: the options cannot work here; naming one of them.
    """
    given = _configured()
    for option, wanted in (('compression', Compression(given.codec)),
                           ('compression_level', given)):
        try:
            _check(wanted)
        except exception.UnsupportedCompression as error:
            raise exception.ConfigError(section='upload', option=option,
                                        reason=str(error)) from error


def of_type(volume_type: models.VolumeType | None) -> Compression:
    """What a volume of this type is compressed with.

    :raises InvalidExtraSpec: the type asks for what cannot be had.
    """
    result = _configured()
    if volume_type is None:
        return result
    codec = volume_type.extra_specs.get(CODEC_SPEC)
    if codec is not None:
        result = Compression(codec)
        _check_spec(volume_type, CODEC_SPEC, result)
    level = volume_type.extra_specs.get(LEVEL_SPEC)
    if level is not None:
        # Of what is no number there is no such level either.
        result = Compression(result.codec,
                             int(level) if str(level).isdecimal() else -1)
        _check_spec(volume_type, LEVEL_SPEC, result)
    return result


def _configured() -> Compression:
    return Compression(CONF.upload.compression, CONF.upload.compression_level)


def _check_spec(volume_type: models.VolumeType, key: str,
                wanted: Compression) -> None:
    try:
        _check(wanted)
    except exception.UnsupportedCompression as error:
        raise exception.InvalidExtraSpec(
            key=key, value=volume_type.extra_specs[key],
            name=volume_type.name, reason=str(error)) from error


def _check(wanted: Compression) -> None:
    """:raises UnsupportedCompression: there is no such thing here."""
    if wanted.codec not in _CODECS:
        raise exception.UnsupportedCompression(
            codec=wanted.codec,
            reason=f'it must be one of {", ".join(_CODECS)}')
    if wanted.codec != 'none':
        codecs.get('zlib' if wanted.codec == 'auto' else wanted.codec,
                   wanted.level)
