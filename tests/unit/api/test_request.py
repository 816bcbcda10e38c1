# SPDX-License-Identifier: Apache-2.0
"""Reading a body: JSON as its standard has it, and nothing else."""

import io
from typing import Any

from tests import base
from volupload import exception
from volupload.api import request
from volupload.context import RequestContext


def make(body: bytes = b'', content_type: str = 'application/json',
         **environ: Any) -> request.Request:
    return request.Request(
        {'wsgi.input': io.BytesIO(body), 'CONTENT_LENGTH': str(len(body)),
         'CONTENT_TYPE': content_type, **environ},
        None, RequestContext(), (3, 0), None)   # type: ignore[arg-type]


class TestJson(base.TestCase):

    def test_json_is_read(self) -> None:
        for raw, value in ((b'{"a": 1}', {'a': 1}), (b' [] ', []),
                           (b'"\xc3\xa9"', 'é'), (b'"\\u00e9"', 'é'),
                           (b'"\\ud83d\\ude00"', '\U0001f600')):
            self.assertEqual(value, request.parse_json(raw))

    def test_everything_else_is_malformed(self) -> None:
        for raw in (b'', b'x', b'{', b'NaN', b'-Infinity', b'[1e]', b'\xff',
                    b'\xef\xbb\xbf{}', '{}'.encode('utf-16'),
                    '{}'.encode('utf-32-be'), b'[' * 100000,
                    b'{"a":' * 100000, b'"\xed\xa0\x80"', b'"a\0"',
                    b'1' * 5000, b'{} {}', b"{'a': 1}", b'{"a": 1,}'):
            self.assertRaises(exception.MalformedRequestBody,
                              request.parse_json, raw)


class TestBody(base.TestCase):

    def test_object_is_read(self) -> None:
        self.assertEqual({'a': 1}, make(b'{"a": 1}').read_object())

    def test_action_has_one_key(self) -> None:
        self.assertEqual(('a', None), make(b'{"a": null}').read_action())
        for body in (b'{}', b'[]', b'5', b'{"a": 1, "b": 2}', b'null'):
            self.assertRaises(exception.MalformedRequestBody,
                              make(body).read_action)

    def test_only_json_is_read(self) -> None:
        for kind in ('application/json', 'APPLICATION/JSON',
                     'application/json;charset=utf-8',
                     'application/vnd.openstack.volume+json'):
            self.assertEqual({}, make(b'{}', kind).read_object())
        for kind in ('text/json', 'application/json+x', ';', 'x'):
            self.assertRaises(exception.UnsupportedContentType,
                              make(b'{}', kind).read_object)

    def test_no_body_is_no_action_and_no_object(self) -> None:
        for empty in (make(), make(b'{}', ''), make(CONTENT_LENGTH='')):
            self.assertRaises(exception.NoSuchAction, empty.read_action)
            self.assertRaises(exception.MalformedRequestBody,
                              empty.read_object)

    def test_query_is_read_as_it_is_sent(self) -> None:
        sent = make(QUERY_STRING='a=1&b=&a=2&c=%C3%A9+x&d=%FF&e')
        self.assertEqual(
            {'a': '2', 'b': '', 'c': 'é x', 'd': '\ufffd', 'e': ''},
            sent.query)
