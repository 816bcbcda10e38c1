# SPDX-License-Identifier: Apache-2.0
"""What tells two images of one volume apart, and how to have one twice."""

import datetime
import os
import uuid

import testscenarios

from tests import base
from tests.fixtures.render import render_bytes
from tests.fixtures.sources import MemorySource
from volupload.transfer import Compression
from volupload.transfer import formats
from volupload.transfer import Identity

# Two MiB that shrink, two that do not, and a hole.
DATA = (b'some text, ' * 2 ** 18)[:2 ** 21] + os.urandom(2 ** 21) + bytes(
    2 ** 21)
CREATED = datetime.datetime(2014, 5, 27, tzinfo=datetime.UTC)
VARIANTS = [(name, codec) for name, codecs in (
    ('raw', ('none',)), ('qcow2', ('none', 'zlib', 'zstd')),
    ('vmdk', ('none', 'zlib')), ('vdi', ('none',)), ('vhd', ('none',)),
    ('vhdx', ('none',))) for codec in codecs]


def image(name: str, codec: str, identity: Identity | None) -> bytes:
    source = MemorySource(DATA)
    return render_bytes(source, formats.FORMATS[name](
        source, Compression(codec), identity))


class TestIdentity(testscenarios.WithScenarios, base.TestCase):

    scenarios = [(f'{name} {codec}', {'name': name, 'codec': codec})
                 for name, codec in VARIANTS]
    name: str
    codec: str

    def test_the_same_identity_makes_the_same_bytes(self) -> None:
        identity = Identity(uuid.uuid4(), CREATED)
        again = Identity(uuid.UUID(str(identity.id)), CREATED)
        self.assertEqual(image(self.name, self.codec, identity),
                         image(self.name, self.codec, again))

    def test_each_image_is_another_where_the_format_names_it(self) -> None:
        one, two = (image(self.name, self.codec, None) for _ in range(2))
        self.assertEqual(self.name in ('raw', 'qcow2'), one == two)
