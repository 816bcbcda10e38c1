# SPDX-License-Identifier: Apache-2.0

import json

from tests import base
from volupload.image.answer import Answer

HTML = b'''<html>
 <head>
  <title>409 Conflict</title>
 </head>
 <body>
  <h1>409 Conflict</h1>
  Image &lt;b&gt; already exists!<br /><br />
 </body>
</html>'''
NGINX = b'''<html>
<head><title>403 Forbidden</title></head>
<body>
<center><h1>403 Forbidden</h1></center>
<hr><center>nginx</center>
</body>
</html>'''
NUMBER = {'X-Openstack-Request-Id': 'req-1'}


def answer(status: int, body: object, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers, data)


class TestReason(base.TestCase):

    def test_of_json_the_message_without_line_breaks(self) -> None:
        self.assertEqual('Image <b> & "c" exists!', answer(409, {
            'message': 'Image <b> & "c" exists!<br /><br />\n\n\n'}).reason)

    def test_of_html_the_text_without_markup_and_headline(self) -> None:
        self.assertEqual('Image <b> already exists!',
                         answer(409, HTML).reason)

    def test_of_keystones_middleware(self) -> None:
        self.assertEqual('Not authorized', answer(401, {
            'error': {'message': 'Not authorized', 'code': 401}}).reason)

    def test_of_anything_else_there_is_none(self) -> None:
        for body in (b'', {}, {'message': 7}, {'error': 'x'},
                     b'<html><head><title>x</title></head></html>'):
            self.assertEqual('', answer(500, body).reason, body)

    def test_is_one_line_of_bounded_length(self) -> None:
        reason = answer(400, {'message': 'two\nlines ' * 1000}).reason
        self.assertNotIn('\n', reason)
        self.assertEqual(1000, len(reason))

    def test_has_nothing_that_a_terminal_obeys(self) -> None:
        for text in ('\x1b[2J', '\x9b2J', '\u202e', '\u2028', '\0'):
            for body in ({'message': f'a{text}b'}, f'a{text}b'.encode()):
                reason = answer(400, body).reason
                self.assertTrue(reason.isprintable(), reason)
                self.assertRegex(reason, '^a .*b$')

    def test_bytes_that_are_no_text_do_not_matter(self) -> None:
        self.assertEqual('a \ufffd b', answer(400, b'a \xff b').reason)


class TestIsGlance(base.TestCase):

    def test_glances_json_and_webobs_html_are(self) -> None:
        self.assertTrue(answer(404, {'message': 'No image'}).is_glance)
        self.assertTrue(Answer(409, NUMBER, HTML).is_glance)

    def test_others_are_not(self) -> None:
        self.assertFalse(answer(404, {'error': {'message': 'x'}}).is_glance)
        self.assertFalse(answer(404, {'itemNotFound': {'message': 'x'}}
                                ).is_glance)
        self.assertFalse(answer(403, NGINX).is_glance)
        self.assertFalse(Answer(404, NUMBER, b'<h1>Not Found</h1>'
                                ).is_glance)
        self.assertFalse(answer(404, b'').is_glance)

    def test_json_of_great_depth_is_no_answer(self) -> None:
        self.assertFalse(answer(404, b'[' * 100_000).is_glance)
