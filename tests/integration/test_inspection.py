# SPDX-License-Identifier: Apache-2.0
"""What we think of a volume's content, and what a real Glance thinks of it."""

import functools
import pathlib
import struct
import subprocess
import uuid

import fixtures
import testscenarios

from tests.fixtures import services
from tests.fixtures import sources
from tests.integration import base
from tools.cloud import http
from tools.cloud import keystone
from tools.cloud import programs
from volupload import exception
from volupload.image import inspection

# More than is looked at of any volume.
SIZE = 5 * 1024 * 1024
SECTOR = 512
SIGNATURE = {510: b'\x55\xaa'}

Pieces = dict[int, bytes]


def _entry(kind: int, *, boot: int = 0, start: bytes = b'\x20\x21\x00',
           first: int = 2048, count: int = 8192) -> bytes:
    """An entry of a partition table in an MBR."""
    return struct.pack('<B3sB3sII', boot, start, kind, b'\xff\xff\xff',
                       first, count)


def _mbr(*entries: bytes) -> Pieces:
    return {446: b''.join(entries), **SIGNATURE}


PROTECTIVE = _entry(0xee, start=b'\x00\x02\x00', first=1, count=10239)
GPT = {**_mbr(PROTECTIVE), SECTOR: b'EFI PART\0\0\1\0'}


def _qcow2(version: int = 3, *, backing: int = 0, features: int = 0) -> Pieces:
    return {0: struct.pack('>4sIQIIQIIQQIIQQ', b'QFI\xfb', version, backing,
                           0, 16, SIZE, 0, 1, 0x30000, 0x10000, 1, 0, 0,
                           features)}


def _vmdk(kind: str, *, footer: bool) -> Pieces:
    end = 2 ** 64 - 1 if footer else 21
    header = struct.pack('<4sIIQQQQIQQ', b'KDMV', 1, 3, SIZE // 512, 128, 1,
                         20, 512, 0, end)
    text = (f'# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n'
            f'createType="{kind}"\nRW {SIZE // 512} SPARSE "a.vmdk"\n')
    pieces = {0: header, 512: text.encode()}
    if footer:
        marker = struct.pack('<QII496s', 1, 0, 3, b'')
        last = struct.pack('<4sIIQQQQIQQ', b'KDMV', 1, 3, SIZE // 512, 128,
                           1, 20, 512, 0, 21).ljust(512, b'\0')
        pieces[SIZE - 1536] = marker + last + bytes(512)
    return pieces


def _fat() -> Pieces:
    return {0: b'\xeb\x3c\x90mkfs.fat', 16: b'\x02', 21: b'\xf8',
            62: b'\x0e\x1f\xbe\x5b\x7c\xac\x22\xc0' * 55, **SIGNATURE}


def _ntfs() -> Pieces:
    """Code of a boot loader stands where a partition table would."""
    return {0: b'\xeb\x52\x90NTFS    ', 21: b'\xf8',
            84: b'\xfa\x33\xc0\x8e\xd0\xbc\x00\x7c' * 53, **SIGNATURE}


ISO = {32768: b'\x01CD001\x01'}
CASES: dict[str, Pieces] = {
    'zeros': {},
    'boot signature without partitions': SIGNATURE,
    'MBR': _mbr(_entry(0x83, boot=0x80)),
    'MBR of four': _mbr(*[_entry(0x83)] * 4),
    'MBR with a junk boot flag': _mbr(_entry(0x83, boot=0x42)),
    'GPT': GPT,
    'GPT and MBR': _mbr(PROTECTIVE, _entry(0x83)),
    'GPT that is not the first': _mbr(_entry(0), PROTECTIVE),
    'GPT of another start': _mbr(_entry(0xee, first=1)),
    'GPT of another first sector': _mbr(
        _entry(0xee, start=b'\x00\x02\x00', first=2)),
    'FAT': _fat(),
    'NTFS': _ntfs(),
    'LUKS1': {0: b'LUKS\xba\xbe\x00\x01aes\0'},
    'LUKS2': {0: b'LUKS\xba\xbe\x00\x02'},
    'qcow2': _qcow2(),
    'qcow2 version 2': _qcow2(2),
    'qcow2 version 1': _qcow2(1),
    'qcow2 with a backing file': {
        **_qcow2(backing=1024), 1024: b'/etc/passwd'},
    'qcow2 with a data file': _qcow2(features=4),
    'qcow2 of the future': _qcow2(features=1 << 60),
    'qed': {0: b'QED\0'},
    'ISO': ISO,
    'ISO that boots from a disk': {**ISO, **GPT},
    'ISO and qcow2': {**ISO, **_qcow2()},
    'VHD': {0: b'conectix'},
    'VHD and a boot signature': {0: b'conectix', **SIGNATURE},
    'VHDX': {0: b'vhdxfile'},
    'VHDX whose regions are elsewhere': {
        0: b'vhdxfile', 196608: struct.pack(
            '<IIII', 0x69676572, 0, 1, 0) + uuid.UUID(
            '8b7ca206-4790-4b9a-b8fe-575f050f886e').bytes_le + struct.pack(
            '<QII', SIZE * 4, 1 << 20, 1)},
    'VDI': {64: b'\x7f\x10\xda\xbe'},
    'VMDK': _vmdk('monolithicSparse', footer=False),
    'VMDK for streams': _vmdk('streamOptimized', footer=True),
    'VMDK whose footer is missing': {
        **_vmdk('streamOptimized', footer=True), SIZE - 1536: bytes(1536)},
    'VMDK of several files': _vmdk('twoGbMaxExtentSparse', footer=False),
    'VMDK that is a text': {0: (
        b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\n'
        b'RW 10 FLAT "/etc/passwd" 0\n').ljust(1024)},
    'text': {0: b'The quick brown fox.\n' * 100},
    'random': {0: bytes(range(255, 0, -1)) * 4000},
}

# Only the last byte tells.
LATE = {'VHDX whose regions are elsewhere'}


@functools.cache
def _token(identity: keystone.Keystone) -> keystone.Token:
    return identity.token('demo')


def _render(pieces: Pieces) -> bytes:
    data = bytearray(SIZE)
    for offset, piece in pieces.items():
        data[offset:offset + len(piece)] = piece
    return bytes(data)


class VerdictTestCase(base.TestCase):
    """Glance is asked with the same bytes as we are."""

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(services.Keystone()).service
        self.glance = self.useFixture(services.Glance()).service
        self.demo = _token(self.identity)

    def ask_glance(self, data: bytes) -> tuple[bool, str]:
        """Whether it becomes an image, and what Glance says to it."""
        image_id = str(uuid.uuid4())
        url = f'{self.glance.url}/v2/images'
        made = http.request('POST', url, token=self.demo.id, json_body={
            'id': image_id, 'name': 'content', 'disk_format': 'raw',
            'container_format': 'bare'})
        self.assertEqual(201, made.status, made.body)
        answer = http.request(
            'PUT', f'{url}/{image_id}/file', token=self.demo.id, body=data,
            headers={'Content-Type': 'application/octet-stream'})
        http.request('DELETE', f'{url}/{image_id}', token=self.demo.id)
        self.assertIn(answer.status, (204, 415))
        return answer.status == 204, answer.body.decode()

    def compare(self, data: bytes, late: bool = False) -> bool:
        """See that we say what Glance does, which is returned.

        :param late: we cannot know before the last byte.
        """
        taken, words = self.ask_glance(data)
        try:
            inspection.check(sources.MemorySource(data))
        except exception.ContentRefused as error:
            self.assertFalse(taken, f'refused without need: {error}')
            reason = str(error).split(': ')[1].split(',')[0]
            self.assertIn(reason, words)
        else:
            self.assertEqual(not late, taken, f'not foreseen: {words}')
        return taken


class TestVerdict(testscenarios.WithScenarios, VerdictTestCase):
    """A row: what the volume holds."""

    pieces: Pieces
    late: bool

    scenarios = [(name, {'pieces': pieces, 'late': name in LATE})
                 for name, pieces in CASES.items()]

    def test_our_verdict_is_glances(self) -> None:
        self.compare(_render(self.pieces), self.late)


class TestEncrypted(VerdictTestCase):
    """Disks that hypervisors and guests have encrypted."""

    def make(self, program: pathlib.Path, *arguments: str) -> bytes:
        """What it makes of a disk whose name it gets last."""
        disk = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'disk')
        with disk.open('wb') as file:
            file.truncate(20 * 1024 * 1024)
        subprocess.run([program, *arguments, disk],
                       input=b'secret', check=True, capture_output=True)
        return disk.read_bytes()

    def format(self, kind: str) -> bytes:
        program = programs.of_debian('cryptsetup', 'cryptsetup-bin')
        return self.make(program, 'luksFormat', '-q', '--type', kind,
                         '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations',
                         '1000', '--key-file', '-')

    def test_luks_1_of_qemu_is_taken(self) -> None:
        program = programs.of_debian('qemu-img', 'qemu-utils')
        data = self.make(program, 'create', '-q', '-f', 'luks', '--object',
                         'secret,id=key,data=secret', '-o',
                         'key-secret=key,iter-time=10,size=8M')
        self.assertTrue(data.startswith(b'LUKS\xba\xbe\0\1'))
        self.assertTrue(self.compare(data))

    def test_luks_1_is_taken(self) -> None:
        self.assertTrue(self.compare(self.format('luks1')))

    def test_luks_2_is_refused_before_a_byte_is_sent(self) -> None:
        data = self.format('luks2')
        self.assertFalse(self.compare(data))
        error = self.assertRaises(exception.ContentRefused, inspection.check,
                                  sources.MemorySource(data))
        self.assertIn('LUKS version 2', str(error))
