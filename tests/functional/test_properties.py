# SPDX-License-Identifier: Apache-2.0
"""Ten thousand requests that nobody would write, and what holds for all.

No answer is a 5xx, every refusal has the form of a fault, and a request that
is refused leaves nothing behind: `world.WorldTestCase` looks. The client may
do everything (there is no Keystone here), so that a request gets as far as it
can. Other requests that are refused or not are those of test_operations.py.
"""

import json
from typing import Any
from urllib import parse

import hypothesis
from hypothesis import strategies as st
import sqlalchemy as sa
import testscenarios
import webob

from tests.functional import world
from tests.functional.base import PROJECT
from tests.functional.base import UPLOAD
from volupload.api import router
from volupload.api import volume_actions
from volupload.db import session

# Each test has as many, and there are ten of them.
REQUESTS = 1000
SEEDS = range(5)

_text = st.one_of(
    st.text(max_size=20),
    st.sampled_from(['', ' ', '\0', 'x' * 255, 'x' * 256, '\U0001f600',
                     'None', 'null', 'true', '1', '../../etc/passwd',
                     "'; DROP TABLE volumes; --", '\ud800', '%00', '{}']))
_scalar = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(),
                    _text)
_json = st.recursive(_scalar, lambda inner: st.one_of(
    st.lists(inner, max_size=3),
    st.dictionaries(st.text(max_size=8), inner, max_size=3)), max_leaves=6)

# One field is as it should be, or is anything.
_ARGUMENTS = {
    'image_name': st.one_of(st.just('image'), _text),
    'disk_format': st.sampled_from(
        ['raw', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx', 'iso', 'RAW', '']),
    'container_format': st.sampled_from(
        ['bare', 'ovf', 'ami', 'aki', 'ari', 'docker', 'compressed', '']),
    'force': st.sampled_from([True, False, 'True', 'false', 'no', '2']),
    'visibility': st.sampled_from(['private', 'public', 'shared', 'x']),
    'protected': st.booleans(),
}
_good = st.fixed_dictionaries({'image_name': st.just('image')}, optional={
    name: values for name, values in _ARGUMENTS.items()
    if name != 'image_name'})
_odd = st.fixed_dictionaries({}, optional={
    name: st.one_of(values, _json) for name, values in _ARGUMENTS.items()})
# Of every action something that it takes.
_ACTIONS = st.sampled_from([
    {'os-reserve': None}, {'os-unreserve': {}}, {'os-begin_detaching': None},
    {'os-roll_detaching': None}, {'os-detach': {}}, {'os-force_delete': None},
    {'os-attach': {'host_name': 'h', 'mountpoint': '/dev/vdb'}},
    {'os-reset_status': {'status': 'error'}},
    {'os-set_bootable': {'bootable': 'yes'}},
    {'os-update_readonly_flag': {'readonly': False}},
    {'os-show_image_metadata': None},
    {'os-set_image_metadata': {'metadata': {'k': 'v'}}},
    {'os-unset_image_metadata': {'key': 'k'}}])
_NAMES = [*volume_actions.ACTIONS, *volume_actions.NOT_SERVED, '']
_body = st.one_of(
    _good.map(lambda arguments: {UPLOAD: arguments}),
    _odd.map(lambda arguments: {UPLOAD: arguments}),
    _ACTIONS,
    st.dictionaries(st.sampled_from(_NAMES), st.one_of(_odd, _json),
                    max_size=2),
    _json)
_version = st.sampled_from(
    ['', 'volume 3.0', 'volume 3.1', 'volume 3.71', 'volume latest',
     'volume 3.72', 'volume x', 'volume', '\xff', ','])
_PREFIXES = [f'/v3/{PROJECT}', '/v3', f'/v2/{PROJECT}', '/v3/other', '/v1']
_KEYS = ['limit', 'marker', 'offset', 'sort', 'sort_key', 'sort_dir', 'name',
         'status', 'size', 'metadata', 'bootable', 'all_tenants', 'name~',
         'with_count', 'created_at', 'glance_metadata', 'is_public', 'usage',
         'extra_specs', 'force', 'x']
_settings = hypothesis.settings(
    deadline=None, database=None, max_examples=REQUESTS,
    suppress_health_check=list(hypothesis.HealthCheck))


class TestProperties(testscenarios.WithScenarios, world.WorldTestCase):

    # The same requests each time: what fails here fails again.
    scenarios = [(f'seed {seed}', {'seed': seed}) for seed in SEEDS]
    seed: int

    def test_upload_bodies(self) -> None:
        asked: list[int] = []

        @_settings
        @hypothesis.seed(self.seed)
        @hypothesis.given(_body, _version, st.integers(0, 3),
                          st.sampled_from(_PREFIXES[:3]))
        def ask(body: Any, version: str, volume: int, prefix: str) -> None:
            volume_id = [*self.known['volume_id'][:3], 'x'][volume]
            answer = self.ask(
                'POST', f'{prefix}/volumes/{volume_id}/action',
                json.dumps(body).encode(), OpenStack_API_Version=version)
            asked.append(answer.status_int)
            self.check(answer)

        ask()
        self.assertGreaterEqual(len(asked), REQUESTS)
        # Not all of them are refused for the same reason.
        for status in (200, 202, 400, 404, 406, 501):
            self.assertIn(status, asked)

    def test_urls(self) -> None:
        asked: list[int] = []
        paths = [*router.ROUTES, '/snapshots', '/volumes/{volume_id}/x', '']

        @_settings
        @hypothesis.seed(self.seed)
        @hypothesis.given(
            st.sampled_from(['GET', 'HEAD', 'POST', 'PUT', 'DELETE',
                             'PATCH', 'OPTIONS', 'x']),
            st.sampled_from(_PREFIXES), st.sampled_from(paths), _text,
            st.dictionaries(st.sampled_from(_KEYS), _text, max_size=3),
            st.one_of(st.none(), _json), _version, st.booleans())
        def ask(method: str, prefix: str, path: str, name: str,
                query: dict[str, str], body: Any, version: str,
                known: bool) -> None:
            answer = self.ask(
                method, _url(prefix + path, {
                    variable: ids[0] if known else name
                    for variable, ids in self.known.items()}, query),
                None if body is None else json.dumps(body).encode(),
                OpenStack_API_Version=version)
            asked.append(answer.status_int)
            self.check(answer)

        ask()
        self.assertGreaterEqual(len(asked), REQUESTS)
        for status in (200, 400, 404, 405, 406):
            self.assertIn(status, asked)


class TestWorld(world.WorldTestCase):

    def check_refusal(self) -> None:
        self.check(webob.Response(status=400, json_body={
            'badRequest': {'message': 'm', 'code': 400}}))

    def test_what_a_refused_request_leaves_behind_is_seen(self) -> None:
        def write(statement: str) -> None:
            with session.connection() as writing:
                writing.execute(sa.text(statement))

        for leave in (
                lambda: write("UPDATE volumes SET updated_at = '2026-01-01'"),
                lambda: write('DELETE FROM volume_metadata'),
                lambda: write("UPDATE uploads SET status = 'failed'"),
                lambda: write("UPDATE volume_types SET extra_specs = '{}'"),
                lambda: write("UPDATE messages SET user_message = ''"),
                lambda: self.images.images.popitem(),
                lambda: self.manager.cast.append(('upload', 'x'))):
            leave()
            self.assertRaises(AssertionError, self.check_refusal)
            self.begin_anew()
            self.check_refusal()

    def test_what_is_no_refusal_is_seen(self) -> None:
        for status, body in (
                (500, {'computeFault': {'message': 'm', 'code': 500}}),
                (400, {'badRequest': {'message': 'm', 'code': 404}}),
                (400, {'badRequest': {'message': 'Traceback', 'code': 400}}),
                (400, {'message': 'm', 'code': 400})):
            self.assertRaises((AssertionError, ValueError, TypeError),
                              self.check, webob.Response(
                                  status=status, json_body=body))


def _url(path: str, names: dict[str, str], query: dict[str, str]) -> str:
    for variable, name in names.items():
        path = path.replace(f'{{{variable}}}', parse.quote(
            name.encode('utf-8', 'surrogatepass'), safe=''))
    pairs = [(key.encode(), value.encode('utf-8', 'surrogatepass'))
             for key, value in query.items()]
    return f'{path}?{parse.urlencode(pairs)}'
