# SPDX-License-Identifier: Apache-2.0
"""The pictures of the guides say what the code does, and can be read."""

import itertools
import pathlib
import re
from xml.etree import ElementTree

import graph
import layout_picture
import state_pictures
import svg
import terminal_picture
import testscenarios
import timeline_picture

from tests import base
from volupload.osc import commands
from volupload.transfer.formats import FORMATS
from volupload.volume.status import SETTABLE
from volupload.volume.status import UPLOAD_TRANSITIONS
from volupload.volume.status import UploadPhase
from volupload.volume.status import UploadStatus
from volupload.volume.status import VOLUME_TRANSITIONS
from volupload.volume.status import VolumeStatus

SPACE = '{http://www.w3.org/2000/svg}'
PICTURES = {
    'layouts': layout_picture.layouts,
    'terminal': terminal_picture.terminal,
    'timeline': timeline_picture.timeline,
    'upload states': state_pictures.upload_states,
    'volume states': state_pictures.volume_states,
}


def texts(picture: svg.Picture) -> list[str]:
    """What stands in it, read from the XML."""
    return [element.text or '' for element in ElementTree.fromstring(
        picture.svg()).iter(f'{SPACE}text')]


class TestEveryPicture(testscenarios.WithScenarios, base.TestCase):

    scenarios = [(name, {'name': name}) for name in PICTURES]
    name: str

    def setUp(self) -> None:
        super().setUp()
        self.picture = PICTURES[self.name]()
        self.root = ElementTree.fromstring(self.picture.svg())

    def test_it_is_told_in_words(self) -> None:
        self.assertEqual('img', self.root.get('role'))
        told = {element.get('id'): element.text for element in self.root}
        for name in (self.root.get('aria-labelledby') or '').split():
            self.assertTrue(told[name])
        self.assertLess(80, len(told['desc'] or ''))

    def test_its_words_are_large_and_within_it(self) -> None:
        for element in self.root.iter(f'{SPACE}text'):
            self.assertLessEqual(12, int(element.get('font-size') or 0))
        for box, words in self.picture.words:
            self.assertTrue(
                0 <= box.left and box.right <= self.picture.width
                and 0 <= box.top and box.bottom <= self.picture.height, words)

    def test_no_words_lie_on_others(self) -> None:
        for (box, one), (other, two) in itertools.combinations(
                self.picture.words, 2):
            self.assertFalse(box.meets(other), f'{one} and {two}')

    def test_it_is_as_it_was_when_it_is_drawn_again(self) -> None:
        self.assertEqual(texts(self.picture), texts(PICTURES[self.name]()))

    def test_it_has_a_ground_of_its_own(self) -> None:
        first = next(self.root.iter(f'{SPACE}rect'))
        self.assertEqual(svg.GROUND, first.get('fill'))
        self.assertLess(self.picture.width - 2,
                        float(first.get('width') or 0))


class TestStates(base.TestCase):

    def check(self, picture: svg.Picture, moves: object, words: object,
              there: dict) -> None:
        root = ElementTree.fromstring(picture.svg())
        drawn = [text.removesuffix(' *') for text in texts(picture)]
        for state in there:
            self.assertEqual(1, drawn.count(state), state)
        ways = {(one, to) for one in there for to in there[one]}
        self.assertEqual(ways, set(moves))
        heads = list(root.iter(f'{SPACE}polygon'))
        self.assertLessEqual(len(ways), len(heads))
        for move in moves.values():
            self.assertIn(move.label, drawn)
        for one in there:
            if there[one]:
                self.assertIn(
                    f'from {one} to {" or ".join(sorted(there[one]))}', words)

    def test_every_state_and_move_of_an_upload_is_there(self) -> None:
        picture = state_pictures.upload_states()
        self.assertEqual(set(UploadStatus), set(UPLOAD_TRANSITIONS))
        self.check(picture, state_pictures._UPLOAD_MOVES,
                   picture.description, UPLOAD_TRANSITIONS)

    def test_every_state_and_move_of_a_volume_is_there(self) -> None:
        picture = state_pictures.volume_states()
        self.check(picture, state_pictures._VOLUME_MOVES,
                   picture.description, VOLUME_TRANSITIONS)

    def test_into_the_others_only_an_administrator_leads(self) -> None:
        others = set(VolumeStatus) - set(VOLUME_TRANSITIONS)
        self.assertLess(others, SETTABLE)
        self.assertEqual(set(), others & {
            to for moves in VOLUME_TRANSITIONS.values() for to in moves})

    def test_a_table_that_has_changed_ends_the_drawing(self) -> None:
        states = {'a': graph.State((0, 0)), 'b': graph.State((200, 0))}
        moves = {('a', 'b'): graph.Move('x', (100, 0))}
        picture = svg.Picture(10, 10, 't', 'd')
        graph.draw(picture, states, moves, {'a': {'b'}, 'b': set()})
        for there in ({'a': {'b'}, 'b': {'a'}}, {'a': set(), 'b': set()},
                      {'a': {'b'}}, {'a': {'b'}, 'b': set(), 'c': set()}):
            self.assertRaises(graph.IncompleteDrawing, graph.draw, picture,
                              states, moves, there)

    def test_arrows_end_at_the_edges_of_boxes(self) -> None:
        states = {'a': graph.State((100, 100)), 'b': graph.State((400, 100))}
        picture = svg.Picture(500, 200, 't', 'd')
        graph.draw(picture, states, {('a', 'b'): graph.Move('x', (1, 1))},
                   {'a': {'b'}, 'b': set()})
        [line] = ElementTree.fromstring(picture.svg()).iter(
            f'{SPACE}polyline')
        self.assertEqual('170.0,100.0 330.0,100.0', line.get('points'))


class TestTimeline(base.TestCase):

    def test_all_phases_are_on_the_way(self) -> None:
        drawn = texts(timeline_picture.timeline())
        for one in (*UploadPhase, UploadStatus.CREATING, UploadStatus.QUEUED,
                    UploadStatus.RUNNING, UploadStatus.SUCCEEDED):
            self.assertEqual(1, drawn.count(one), one)


class TestLayouts(base.TestCase):

    def test_every_format_is_laid_out(self) -> None:
        drawn = texts(layout_picture.layouts())
        self.assertEqual(set(FORMATS), {
            words.partition(',')[0] for words in drawn} & set(FORMATS))

    def test_the_parts_are_the_whole_image(self) -> None:
        volume = layout_picture.Volume()
        for name, codec, _ in layout_picture._ROWS:
            layout = FORMATS[name](volume, layout_picture.Compression(codec))
            parts = layout_picture.merged(
                layout_picture.parts(volume, layout))
            if layout.image_size is not None:
                self.assertEqual(layout.image_size,
                                 sum(part.length for part in parts))
            self.assertEqual(
                list(layout_picture.DATA),
                list(dict.fromkeys(part.block for part in parts
                                   if part.block is not None)))


class TestTerminal(base.TestCase):

    def test_it_shows_what_the_command_writes(self) -> None:
        drawn = texts(terminal_picture.terminal())
        shown = terminal_picture.lines()
        self.assertEqual(len(terminal_picture._ANSWERS), len(shown))
        self.assertRegex(shown[0], r'^  0% \[ {30}\] queued$')
        self.assertRegex(shown[2], r'^ 25% \[#{7} {23}\] 1\.7 GiB, 138 MiB/s,'
                                   r' 0:00:\d\d left$')
        self.assertRegex(shown[-1], r'^100% \[#{30}\] succeeded$')
        for line in (*shown, *terminal_picture.result()):
            self.assertIn(line, drawn)

    def test_its_command_is_one(self) -> None:
        command = commands.CreateUpload(None, None)
        parser = command.get_parser('openstack volume upload create')
        words = terminal_picture.COMMAND.split()[4:]
        for name in terminal_picture.SHOWN:
            words += ['-c', name]
        given = parser.parse_args(words)
        self.assertTrue(given.wait)
        self.assertEqual(('my-volume', 'my-image', 'qcow2'), (
            given.volume, given.name, given.disk_format))
        self.assertEqual(list(terminal_picture.SHOWN), given.columns)


class TestGuides(base.TestCase):

    def test_every_picture_is_on_a_page(self) -> None:
        """Under the name of the function that draws it."""
        source = pathlib.Path(svg.__file__).parents[1] / 'source'
        shown = {name for page in source.rglob('*.rst') for name in re.findall(
            r'^ *\.\. picture:: (\w+)$', page.read_text(), re.MULTILINE)}
        self.assertEqual({draw.__name__ for draw in PICTURES.values()}, shown)
