# SPDX-License-Identifier: Apache-2.0
"""What the commands print: for people, and for programs."""

import json

from tests.functional import osc


class TestOutput(osc.CommandsTestCase):

    def test_lists_are_for_people_and_for_programs(self) -> None:
        half = self.make_upload('running', image_size=2 ** 30,
                                bytes_sent=2 ** 29, rate=2 ** 20)
        done = self.make_upload('succeeded', image_name='done')
        [other] = self.ask_for('list', '--volume', half.volume_id, '--long')
        self.assertEqual((half.id, 0.5, 2 ** 29, 2 ** 20), tuple(
            other[key] for key in ('ID', 'Progress', 'Bytes Sent', 'Rate')))
        status, table = self.run_command('list', '--long')
        self.assertEqual(0, status)
        for words in ('50%', '512 MiB', '1.0 MiB/s', '100%', done.id):
            self.assertIn(words, table)

    def print_list(self, formatter: str) -> list[str]:
        """Of a running upload and of one that did not even begin."""
        columns = ('Status', 'Progress', 'Bytes Sent', 'Rate', 'Finished At')
        status, out = self.run_command(
            'list', '--long', '-f', formatter, '--sort-column', 'Rate',
            *(word for name in columns for word in ('-c', name)))
        self.assertEqual((0, ''), (status, self.said))
        return out.splitlines()

    def test_a_list_without_a_value_says_so_in_every_format(self) -> None:
        self.make_upload('queued')
        self.make_upload('running', image_size=2 ** 30, bytes_sent=2 ** 29,
                         rate=2 ** 20)
        self.assertEqual([
            '| Status  | Progress | Bytes Sent | Rate      | Finished At |',
            '| running | 50%      | 512 MiB    | 1.0 MiB/s |             |',
            '| queued  | 0%       | 0 B        |           |             |'],
            [line for line in self.print_list('table') if line[0] == '|'])
        self.assertEqual([
            '"Status","Progress","Bytes Sent","Rate","Finished At"',
            '"running",0.5,536870912,1048576,""', '"queued",0.0,0,"",""'],
            self.print_list('csv'))
        self.assertEqual(['running 0.5 536870912 1048576 None',
                          'queued 0.0 0 None None'],
                         self.print_list('value'))
        self.assertEqual([
            {'Status': 'running', 'Progress': 0.5, 'Bytes Sent': 2 ** 29,
             'Rate': 2 ** 20, 'Finished At': None},
            {'Status': 'queued', 'Progress': 0.0, 'Bytes Sent': 0,
             'Rate': None, 'Finished At': None}],
            json.loads('\n'.join(self.print_list('json'))))

    def test_one_without_a_value_says_so_in_every_format(self) -> None:
        upload = self.make_upload('queued', image_name='say "x"')
        fields = ('image_name', 'rate', 'reason', 'size')
        for formatter, lines in (
                ('table', ['| image_name | say "x" |',
                           '| rate       |         |',
                           '| reason     |         |',
                           '| size       | 1       |']),
                ('value', ['say "x"', '', '', '1']),
                ('shell', ['image_name="say \\"x\\""', 'rate=""',
                           'reason=""', 'size="1"']),
                ('yaml', ['image_name: say "x"', 'rate: null',
                          'reason: null', 'size: 1'])):
            status, out = self.run_command(
                'show', upload.id, '-f', formatter,
                *(word for name in fields for word in ('-c', name)))
            self.assertEqual(0, status, self.said)
            self.assertEqual(lines, [
                line for line in out.splitlines()
                if line[:1] != '+' and 'Field' not in line])
        shown = self.ask_for('show', upload.id)
        self.assertEqual((None, None, 1), tuple(
            shown[key] for key in ('rate', 'reason', 'size')))

    def test_headings_are_those_of_the_client(self) -> None:
        self.make_upload('queued')
        [short], [long] = self.ask_for('list'), self.ask_for('list', '--long')
        self.assertEqual(['ID', 'Volume ID', 'Image Name', 'Disk Format',
                          'Status', 'Progress'], list(short))
        self.assertEqual(['Image ID', 'Size', 'Bytes Sent', 'Rate',
                          'Created At', 'Finished At', 'Reason'],
                         list(long)[len(short):])
