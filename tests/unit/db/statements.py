# SPDX-License-Identifier: Apache-2.0
"""What every database must do; subclasses say which database it is.

The unit tests run it on SQLite, the integration tests on real servers.
"""

from concurrent import futures
import datetime
import itertools
from typing import Any
import unittest

from alembic import autogenerate
from alembic import migration as alembic_migration
from oslo_utils import uuidutils
import sqlalchemy

from volupload import exception
from volupload.db import image_metadata
from volupload.db import models
from volupload.db import queue
from volupload.db import schema
from volupload.db import services
from volupload.db import session
from volupload.db import uploads
from volupload.db import volume_types
from volupload.db import volumes
from volupload.volume.status import UploadStatus
from volupload.volume.status import VolumeStatus

HOST = 'testhost@local'
NOON = datetime.datetime(2026, 11, 23, 12)


def make_volume(metadata: dict[str, str] | None = None,
                **values: Any) -> models.Volume:
    return volumes.create(
        {'id': uuidutils.generate_uuid(), 'project_id': 'p1',
         'user_id': 'u1', 'name': 'vol', 'size_gb': 1, 'host': HOST,
         'status': VolumeStatus.AVAILABLE} | values, metadata or {})


def make_upload(volume: models.Volume, queued: bool = True,
                **values: Any) -> models.Upload:
    upload = uploads.create(
        volume, {'id': uuidutils.generate_uuid(),
                 'image_id': uuidutils.generate_uuid(),
                 'project_id': volume.project_id, 'image_name': 'img',
                 'disk_format': 'raw', 'container_format': 'bare'} | values)
    if queued:
        assert uploads.transition(
            upload.id, UploadStatus.CREATING, UploadStatus.QUEUED)
    return upload


def ids_of(sort: list[tuple[str, str]], limit: int | None = None,
             marker: str | None = None) -> list[str]:
    return [volume.id for volume in volumes.get_all(
        project_id='p1', filters={}, sort=sort, limit=limit, marker=marker)]


def pages_of(sort: list[tuple[str, str]], limit: int) -> list[str]:
    seen: list[str] = []
    while page := ids_of(sort, limit, seen[-1] if seen else None):
        seen += page
        assert len(seen) < 100, 'pages repeat themselves'
    return seen


class Statements(unittest.TestCase):
    """Mixed into a TestCase whose setUp has bound a migrated database."""

    def test_the_migrations_make_the_tables_of_the_models(self) -> None:
        with session.engine().connect() as connection:
            difference = autogenerate.compare_metadata(
                alembic_migration.MigrationContext.configure(connection),
                models.Base.metadata)
        self.assertEqual([], difference)
        self.assertTrue(schema.is_current())

    def test_a_volume_reads_back_as_it_was_written(self) -> None:
        volume_type = volume_types.create(
            {'id': uuidutils.generate_uuid(), 'name': 'gold \U0001f600',
             'extra_specs': {'a': 'b'}})
        written = make_volume({'Key': 'x', 'key': 'y'}, size_gb=16384,
                              volume_type_id=volume_type.id,
                              description='\U0001f600')
        volume = volumes.get(written.id, project_id='p1')
        self.assertEqual({'Key': 'x', 'key': 'y'}, volume.metadata_)
        self.assertEqual('\U0001f600', volume.description)
        assert volume.volume_type is not None
        self.assertEqual('gold \U0001f600', volume.volume_type.name)
        whole = volumes.get(written.id, metadata=False).volume_type
        assert whole is not None
        self.assertEqual({'a': 'b'}, whole.extra_specs)
        self.assertEqual(written.created_at, volume.created_at)
        self.assertIsNone(volume.updated_at)

    def test_another_projects_volume_is_not_found(self) -> None:
        volume = make_volume()
        self.assertRaises(exception.VolumeNotFound, volumes.get, volume.id,
                          project_id='p2')

    def test_a_type_is_found_by_name_and_by_id(self) -> None:
        made = volume_types.create(
            {'id': uuidutils.generate_uuid(), 'name': 'silver'})
        self.assertEqual(made.id, volume_types.find('silver').id)
        self.assertEqual('silver', volume_types.find(made.id).name)
        self.assertRaises(exception.VolumeTypeNotFound, volume_types.find, 'x')

    def test_image_metadata_is_changed_pair_by_pair(self) -> None:
        one, two = make_volume(), make_volume()
        for changes, all_of_them in (
                ({'a b': "it's", 'n': '\U0001f600'},
                 {'a b': "it's", 'n': '\U0001f600'}),
                ({'n': None, 'x': 'y'}, {'a b': "it's", 'x': 'y'})):
            self.assertEqual(all_of_them,
                             image_metadata.change(one.id, changes))
            self.assertEqual(all_of_them,
                             volumes.get(one.id).image_metadata)
        self.assertIsNone(volumes.get(two.id).image_metadata)
        for wanted, count in (({'a b': "it's"}, 1), ({'x': 'Y'}, 0),
                              ({'a b': "it's", 'x': 'y'}, 1), ({'n': 'y'}, 0)):
            self.assertEqual((count, count), volumes.summary(
                'p1', {'image_metadata': wanted}))
        self.assertRaises(exception.VolumeNotFound, image_metadata.change,
                          uuidutils.generate_uuid(), {'a': 'b'})

    def test_an_attachment_comes_with_the_status(self) -> None:
        volume = make_volume()
        self.assertTrue(volumes.transition(
            volume.id, {VolumeStatus.AVAILABLE}, VolumeStatus.IN_USE,
            attachment={'device': '/dev/vdb', 'server_id': None}))
        self.assertEqual({'device': '/dev/vdb', 'server_id': None},
                         volumes.get(volume.id).attachment)
        self.assertTrue(volumes.transition(
            volume.id, {VolumeStatus.IN_USE}, VolumeStatus.AVAILABLE,
            attachment=None, readonly=True))
        found = volumes.get(volume.id)
        self.assertEqual((None, True, False), (
            found.attachment, found.readonly, found.bootable))

    def test_types_are_changed_row_by_row(self) -> None:
        one, two = (volume_types.create(
            {'id': uuidutils.generate_uuid(), 'name': name,
             'extra_specs': {'a b': "it's", 'n': name}})
            for name in ('one', 'Two'))
        self.assertRaises(exception.VolumeTypeExists, volume_types.create,
                          {'id': uuidutils.generate_uuid(), 'name': 'one'})
        self.assertRaises(exception.VolumeTypeExists, volume_types.update,
                          two.id, {'name': 'one'})
        for specs, found in (({'a b': "it's"}, ['Two', 'one']),
                             ({'a b': "it's", 'n': 'Two'}, ['Two']),
                             ({'none': 'x'}, []), ({'n': 'two'}, [])):
            self.assertEqual(found, [row.name for row in volume_types.get_all(
                filters={'extra_specs': specs, 'is_public': True},
                sort=[('name', 'asc')], limit=9, marker=None)])
        volume_types.change_extra_specs(
            one.id, {'x': 'y', 'z': None}, {'n', 'none'})
        changed = volume_types.get(one.id)
        self.assertEqual({'a b': "it's", 'x': 'y', 'z': None},
                         changed.extra_specs)
        self.assertIsNotNone(changed.updated_at)
        self.assertEqual('Two', volume_types.get(two.id).extra_specs['n'])

    def test_a_type_goes_only_while_no_volume_has_it(self) -> None:
        kind = volume_types.create(
            {'id': uuidutils.generate_uuid(), 'name': 'used'})
        volume = make_volume(volume_type_id=kind.id)
        self.assertRaises(exception.VolumeTypeInUse, volume_types.delete,
                          kind.id)
        volumes.destroy(volume.id)
        volume_types.delete(kind.id)
        self.assertRaises(exception.VolumeTypeNotFound, volume_types.get,
                          kind.id)

    def test_volumes_are_summed_up_by_what_they_are(self) -> None:
        for number in range(4):
            make_volume({'k': 'v', 'n': str(number % 2)}, size_gb=2 ** number,
                        name=f'a{number}_', created_at=NOON
                        + datetime.timedelta(number))
        make_volume({'k': 'theirs'}, project_id='p2', size_gb=100)
        later = [('gt', NOON), ('lte', NOON + datetime.timedelta(2))]
        for project, filters, count, size in (
                ('p1', {}, 4, 15), (None, {}, 5, 115), ('p3', {}, 0, 0),
                ('p1', {'name~': '1_'}, 1, 2), ('p1', {'name~': 'a_'}, 0, 0),
                ('p1', {'created_at': later}, 2, 6),
                ('p1', {'metadata': {'k': 'v', 'n': '1'}}, 2, 10)):
            self.assertEqual((count, size), volumes.summary(project, filters))
        self.assertEqual({'k': ['v'], 'n': ['0', '1']},
                         volumes.distinct_metadata('p1'))
        self.assertEqual({'k': ['theirs']}, volumes.distinct_metadata('p2'))
        make_volume(attachment={'mode': 'rw'}, size_gb=64)
        for attached, size in ((True, 64), (False, 15)):
            self.assertEqual(size, volumes.summary(
                'p1', {'attached': attached})[1])

    def test_pages_follow_each_other_without_gap_or_overlap(self) -> None:
        for number in range(9):   # every column has values that repeat
            make_volume(
                name=[None, 'b', 'a'][number % 3], size_gb=1 + number % 2,
                availability_zone=[None, 'z', None, 'y'][number % 4],
                bootable=number % 3 == 0,
                created_at=NOON + datetime.timedelta(number // 3),
                updated_at=[None, NOON, NOON][number % 3])
        for columns in ([], ['name'], ['updated_at'], ['created_at'], ['id'],
                        ['status'], ['name', 'size_gb'],
                        ['bootable', 'availability_zone'],
                        ['availability_zone', 'updated_at', 'name']):
            for directions in itertools.product(
                    ('asc', 'desc'), repeat=len(columns)):
                sort = list(zip(columns, directions, strict=True))
                everything = ids_of(sort)
                self.assertEqual(9, len(set(everything)))
                for limit in (1, 2, 4):
                    self.assertEqual(everything, pages_of(sort, limit), sort)

    def test_nothing_sorts_before_everything(self) -> None:
        for name in ('b', None, 'a'):
            make_volume(name=name, updated_at=name and NOON)
        for direction, expected in (('asc', [None, 'a', 'b']),
                                    ('desc', ['b', 'a', None])):
            for sort in ([('name', direction)],
                         [('updated_at', direction), ('name', direction)]):
                found = volumes.get_all(
                    project_id='p1', filters={}, sort=sort, limit=None,
                    marker=None)
                self.assertEqual(expected, [volume.name for volume in found])

    def test_text_sorts_by_its_code_points(self) -> None:
        names = ['', '-b', 'A', 'B', 'a', 'a-c', 'ab', '\xe4', '\u20ac',
                 '\U0001f600']
        for name in reversed(names):
            make_volume(name=name)
        found = volumes.get_all(project_id='p1', filters={}, limit=None,
                                sort=[('name', 'asc')], marker=None)
        self.assertEqual(names, [volume.name for volume in found])

    def test_a_page_takes_two_statements_and_its_marker_one(self) -> None:
        made = [make_volume({'a': '1'}).id for _ in range(5)]
        statements: list[str] = []
        sqlalchemy.event.listen(
            session.engine(), 'before_cursor_execute',
            lambda *arguments: statements.append(arguments[2]))
        for limit, marker, expected in (
                (1, None, 2), (None, None, 2), (2, min(made), 3)):
            del statements[:]
            volumes.get_all(project_id='p1', filters={}, limit=limit,
                            sort=[('id', 'asc')], marker=marker)
            selects = [one for one in statements if one.startswith('SELECT')]
            self.assertEqual(expected, len(selects), statements)

    def test_a_filter_on_metadata_wants_every_pair(self) -> None:
        both = make_volume({'a': '1', 'b': '2'})
        make_volume({'a': '1'})
        found = volumes.get_all(
            project_id='p1', filters={'metadata': {'a': '1', 'b': '2'}},
            sort=[('created_at', 'desc')], limit=None, marker=None)
        self.assertEqual([both.id], [volume.id for volume in found])

    def test_an_update_replaces_the_metadata_only_if_it_is_given(self) -> None:
        volume = make_volume({'a': '1'})
        updated = volumes.update(volume.id, {'name': 'new'})
        self.assertEqual(('new', {'a': '1'}),
                         (updated.name, updated.metadata_))
        self.assertEqual({'b': '2'}, volumes.update(
            volume.id, {}, {'b': '2'}).metadata_)
        self.assertIsNotNone(updated.updated_at)

    def test_pairs_of_metadata_are_set_and_removed(self) -> None:
        volume = make_volume({'a': '1', 'b': '2'})
        volumes.add_metadata(volume.id, {'b': '3', 'c': '4', 'B': '5'})
        self.assertEqual({'a': '1', 'b': '3', 'c': '4', 'B': '5'},
                         volumes.get(volume.id).metadata_)
        volumes.delete_metadata(volume.id, 'b')
        self.assertRaises(exception.MetadataNotFound,
                          volumes.delete_metadata, volume.id, 'b')
        self.assertEqual({'a': '1', 'c': '4', 'B': '5'},
                         volumes.get(volume.id).metadata_)
        volumes.destroy(volume.id)
        for change in (lambda: volumes.add_metadata(volume.id, {'a': 'x'}),
                       lambda: volumes.delete_metadata(volume.id, 'a')):
            self.assertRaises(exception.VolumeNotFound, change)

    def test_many_who_set_the_same_pair_do_not_hinder_each_other(
            self) -> None:
        volume = make_volume()
        with futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda value: volumes.add_metadata(
                volume.id, {'a': str(value), 'b': 'x'}), range(12)))
        self.assertEqual({'a', 'b'}, set(volumes.get(volume.id).metadata_))

    def test_an_undone_upload_that_somebody_has_ended_stays(self) -> None:
        volume = make_volume()
        upload = make_upload(volume, queued=False)
        uploads.settle(upload, UploadStatus.FAILED, 'why')
        later = make_upload(volumes.get(volume.id))
        uploads.undo(upload)
        self.assertEqual('failed', uploads.get(upload.id).status)
        self.assertEqual('queued', uploads.get(later.id).status)
        self.assertEqual('uploading', volumes.get(volume.id).status)

    def test_a_destroyed_volume_is_gone_with_its_metadata(self) -> None:
        volume = make_volume({'a': '1'})
        volumes.destroy(volume.id)
        self.assertRaises(exception.VolumeNotFound, volumes.get, volume.id)

    def test_only_one_manager_takes_a_new_volume(self) -> None:
        volume = make_volume(host=None, status=VolumeStatus.CREATING)
        self.assertEqual([volume.id], [
            found.id for found in volumes.get_unfinished(['other@local'])])
        self.assertTrue(volumes.claim(volume.id, 'one@local'))
        self.assertFalse(volumes.claim(volume.id, 'two@local'))
        self.assertEqual('one@local', volumes.get(volume.id).host)

    def test_an_upload_saves_the_status_that_the_volume_had(self) -> None:
        volume = make_volume(status=VolumeStatus.IN_USE)
        upload = make_upload(volume, queued=False)
        stored = volumes.get(volume.id)
        self.assertEqual(('uploading', 'in-use'),
                         (stored.status, stored.previous_status))
        self.assertEqual(stored.updated_at, volume.updated_at)
        self.assertEqual('in-use', uploads.get(upload.id).previous_status)

    def test_a_volume_is_taken_once(self) -> None:
        first, second = make_volume(), None
        second = volumes.get(first.id)
        make_upload(first)
        self.assertRaises(exception.StatusConflict, make_upload, second)
        self.assertEqual(1, len(uploads.get_by_volume(first.id)))

    def test_an_undone_upload_leaves_nothing(self) -> None:
        volume = make_volume()
        upload = make_upload(volume, queued=False)
        uploads.undo(upload)
        self.assertEqual('available', volumes.get(volume.id).status)
        self.assertRaises(exception.UploadNotFound, uploads.get, upload.id)

    def test_the_oldest_upload_is_claimed_first(self) -> None:
        made = [make_upload(make_volume()).id for _ in range(3)]
        claimed = [queue.claim_next([HOST], 'w') for _ in range(3)]
        self.assertEqual(made, [upload.id for upload in claimed if upload])
        self.assertIsNone(queue.claim_next([HOST], 'w'))

    def test_uploads_of_other_hosts_and_unqueued_ones_are_left(self) -> None:
        make_upload(make_volume(), queued=False)
        make_upload(make_volume(host='far@local'))
        self.assertIsNone(queue.claim_next([HOST], 'w'))

    def test_no_upload_is_claimed_twice_by_many_at_once(self) -> None:
        made = {make_upload(make_volume()).id for _ in range(12)}

        def claim_all(worker: int) -> list[str]:
            claimed = []
            while upload := queue.claim_next([HOST], str(worker)):
                claimed.append(upload.id)
            return claimed
        with futures.ThreadPoolExecutor(4) as pool:
            claims = sum(pool.map(claim_all, range(4)), [])
        self.assertEqual(12, len(claims))
        self.assertEqual(made, set(claims))

    def test_settling_gives_the_volume_back_and_keeps_the_reason(self) -> None:
        volume = make_volume(status=VolumeStatus.IN_USE)
        make_upload(volume)
        upload = queue.claim_next([HOST], 'w')
        assert upload is not None
        self.assertTrue(uploads.settle(upload, UploadStatus.FAILED, 'why'))
        self.assertFalse(uploads.settle(upload, UploadStatus.FAILED, 'again'))
        stored = uploads.get(upload.id)
        self.assertEqual(('failed', 'why'), (stored.status, stored.reason))
        self.assertIsNotNone(stored.finished_at)
        self.assertEqual('in-use', volumes.get(volume.id).status)

    def test_a_transition_that_is_not_in_the_table_is_an_error(self) -> None:
        upload = make_upload(make_volume(), queued=False)
        self.assertRaises(
            ValueError, uploads.transition, upload.id,
            UploadStatus.CREATING, UploadStatus.SUCCEEDED)

    def test_neither_goes_a_volume_where_no_move_leads(self) -> None:
        volume = make_volume(status=VolumeStatus.UPLOADING)
        for to in (VolumeStatus.DELETING, VolumeStatus.IN_USE):
            self.assertRaises(
                ValueError, volumes.transition, volume.id,
                {VolumeStatus.UPLOADING, VolumeStatus.CREATING}, to)
        self.assertEqual(VolumeStatus.UPLOADING,
                         volumes.get(volume.id).status)

    def test_a_service_has_one_row_however_often_it_beats(self) -> None:
        for _ in range(3):
            services.beat(HOST, 'volupload-volume', 'topic')
        self.assertEqual([HOST], [found.host for found in services.get_all()])
