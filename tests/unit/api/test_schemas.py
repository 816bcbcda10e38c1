# SPDX-License-Identifier: Apache-2.0
"""The parsers that schemas are made of, and the words of a refusal."""

from typing import Any

from tests import base
from volupload import exception
from volupload.api import schemas
from volupload.api.schemas import image_metadata
from volupload.api.schemas import volume_actions
from volupload.api.schemas import volumes
from volupload.transfer.formats import FORMATS


class SchemaTestCase(base.TestCase):

    def refusal(self, parse: schemas.Parser, value: Any) -> str:
        return str(self.assertRaises(
            exception.InvalidField, parse, 'field', value))


class TestRefusal(SchemaTestCase):

    def test_field_value_and_reason_are_told(self) -> None:
        self.assertEqual(
            'Invalid input for field/attribute field. Value: x. '
            'It must be one of: a, b.',
            self.refusal(schemas.one_of(['a', 'b']), 'x'))

    def test_long_and_deep_values_are_cut(self) -> None:
        deep: Any = 'x'
        for _ in range(100000):
            deep = [deep]
        try:
            for value in ('x' * 100000, ['x' * 1000] * 1000,
                          {'k' * 1000: 1}, deep, 10 ** 4000):
                self.assertLess(
                    len(self.refusal(schemas.boolean, value)), 2500)
        finally:   # freeing it at once would overflow the stack
            while isinstance(deep, list):
                deep = deep.pop()

    def test_what_no_client_could_read_is_replaced(self) -> None:
        self.refusal(schemas.text(), 'a\ud800b').encode()


class TestParsers(SchemaTestCase):

    def test_text_has_a_length_in_characters(self) -> None:
        parse = schemas.text(minimum=1, maximum=3)
        for value in ('a', 'abc', 'ééé', '\U0001f600' * 3):
            self.assertEqual(value, parse('field', value))
        for value in ('', 'abcd', None, 1, b'a', 'a\0', '\ud800'):
            self.refusal(parse, value)

    def test_boolean_is_no_number(self) -> None:
        for value, expected in ((True, True), (False, False), ('yes', True),
                                ('0', False), ('FALSE', False)):
            self.assertIs(expected, schemas.boolean('field', value))
        for value in (0, 1, 1.0, None, '', 'maybe', []):
            self.refusal(schemas.boolean, value)

    def test_integer_is_no_boolean_and_no_float(self) -> None:
        parse = schemas.integer(minimum=0, maximum=10)
        for value, expected in ((0, 0), (10, 10), ('7', 7), ('007', 7)):
            self.assertEqual(expected, parse('field', value))
        for value in (True, 1.0, '1.0', '-1', -1, 11, '', None, '1' * 5000):
            self.refusal(parse, value)

    def test_nullable_has_a_meaning_for_null(self) -> None:
        parse = schemas.nullable(schemas.text(minimum=1), 'nothing')
        self.assertEqual('nothing', parse('field', None))
        self.assertEqual('x', parse('field', 'x'))
        self.refusal(parse, '')


class TestSchema(SchemaTestCase):

    fields = {'a': schemas.Field(schemas.boolean),
              'b': schemas.Field(schemas.text(), 'default'),
              'c': schemas.Field(schemas.text(), schemas.ABSENT)}

    def test_defaults_fill_in(self) -> None:
        schema = schemas.Schema('thing', self.fields)
        self.assertEqual({'a': True, 'b': 'default'},
                         schema.parse({'a': True}))

    def test_required_field_is_named(self) -> None:
        error = self.assertRaises(
            exception.InvalidField,
            schemas.Schema('thing', self.fields).parse, {})
        self.assertIn('attribute thing', str(error))
        self.assertIn('a is required', str(error))

    def test_strict_refuses_others(self) -> None:
        body = {'a': True, 'x': 1}
        error = self.assertRaises(
            exception.InvalidField,
            schemas.Schema('thing', self.fields).parse, body)
        self.assertIn("'x' is not known here. Known are: a, b, c.",
                      str(error))
        lenient = schemas.Schema('thing', self.fields, strict=False)
        self.assertEqual({'a': True, 'b': 'default'}, lenient.parse(body))

    def test_input_is_left_as_it_was(self) -> None:
        body = {'a': 'yes'}
        schemas.Schema('thing', self.fields).parse(body)
        self.assertEqual({'a': 'yes'}, body)


class TestUploadImage(base.TestCase):

    def test_every_version_has_its_fields(self) -> None:
        old = {'image_name', 'container_format', 'disk_format', 'force'}
        for version, fields in (
                ((2, 0), old), ((3, 0), old),
                ((3, 1), old | {'visibility', 'protected'})):
            schema = volume_actions.upload_image(version)
            self.assertEqual(fields, set(schema.parse({'image_name': 'x'})))

    def test_formats_are_those_that_can_be_written(self) -> None:
        for version in ((2, 0), (3, 0), (3, 1)):
            for name in FORMATS:
                parsed = volume_actions.upload_image(version).parse(
                    {'image_name': 'x', 'disk_format': name})
                self.assertEqual(name, parsed['disk_format'])


class TestMetadata(SchemaTestCase):

    def test_values_for_images_are_as_long_as_glance_keeps_them(self) -> None:
        for value in ('x' * 65535, 'é' * 32767):
            pairs = {'metadata': {'k': value}}
            self.assertEqual(pairs, image_metadata.SET.parse(pairs))
        for value in ('x' * 65536, 'é' * 32768):
            self.refusal(lambda _name, given: image_metadata.SET.parse(given),
                         {'metadata': {'k': value}})

    def test_printable_is_what_cinders_expression_matches(self) -> None:
        parse = schemas.printable(minimum=1)
        for value in ('a b', 'é', '\u3000', '\ufffd'):
            self.assertEqual(value, parse('field', value))
        for value in ('', 'a\n', '\x7f', '\u200b', '\u2028', '\U0001f600'):
            self.refusal(parse, value)


class TestVolumes(base.TestCase):

    def test_arguments_are_complete(self) -> None:
        self.assertEqual(
            {'name': None, 'description': None, 'metadata': {}, 'size_gb': 1,
             'volume_type': None, 'availability_zone': None,
             'source_volid': None},
            volumes.create({'volume': {'size': 1}}, (3, 0)))

    def test_newer_name_wins(self) -> None:
        for body in ({'name': 'new', 'display_name': 'old'},
                     {'display_name': 'old', 'name': 'new'}):
            self.assertEqual(
                {'name': 'new'},
                volumes.update({'volume': body}, (3, 0)))
