# SPDX-License-Identifier: Apache-2.0
"""Requests that schemathesis makes up from the description of the API.

The ids in their paths are those of `world.WorldTestCase`, one after the other,
so that requests get as far as they can. What is as the description says is
accepted, and refused only for the reasons that `REFUSED` gives. What breaks
the description in some place is refused, and nothing that is refused leaves
anything behind.

The requests are the same each time. With ``VOLUPLOAD_SEED=7`` in the
environment they are others, and a failure tells the seed and the request.
"""

from collections.abc import Iterator
import itertools
import json
import os
import re
from typing import Any
from urllib import parse

import hypothesis
from hypothesis import strategies as st
import requests
import schemathesis
from schemathesis.generation import GenerationMode
import testscenarios
from testtools import content
from testtools import content_type

from tests.functional import openapi
from tests.functional import world
from tests.functional.base import PROJECT

SEED = int(os.environ.get('VOLUPLOAD_SEED', '0'))
# Of either kind: enough for each of the twelve volumes to come more than once.
REQUESTS = 30
ACTION = '/volumes/{volume_id}/action'

# The share of good requests that may be refused, and why; of all others none
# may. Of the twelve volumes one is kept by an administrator (maintenance).
STATUS = 'only volumes in some states allow it'
KEPT = 'nobody changes a volume that an administrator keeps'
REFUSED = {
    'updateVolume': (0.1, KEPT),
    'deleteVolume': (0.65, STATUS),
    'os-volume_upload_image': (0.85, f'{STATUS}, others with force only'),
    'os-attach': (0.8, STATUS),
    'os-reserve': (0.85, STATUS),
    'os-begin_detaching': (0.85, STATUS),
    'os-detach': (0.8, STATUS),
    'os-reset_status': (0.55, f'{STATUS}, or have something to detach'),
    'os-force_delete': (0.4, STATUS),
    'os-set_bootable': (0.1, KEPT),
    'os-update_readonly_flag': (0.85, STATUS),
    'os-set_image_metadata': (0.1, KEPT),
    'os-unset_image_metadata': (0.1, KEPT),
    'addMetadata': (0.1, KEPT),
    'replaceMetadata': (0.1, KEPT),
    'deleteMetadata': (0.1, KEPT),
    'setMetadata': (0.25, f'{KEPT}; URLs have no place for some keys'),
    'setExtraSpec': (0.1, 'URLs have no place for some keys'),
    'cancelUpload': (0.7, 'some have ended'),
    'actOnUpload': (0.85, 'only what failed is done again'),
    'deleteType': (0.55, 'there are volumes of one of the types'),
}

# What breaks the description and may be accepted all the same, and why.
ACCEPTED = {
    r"^sort(_key|_dir)?: '' ": 'it is as if it were not there',
    r"does not match '\^\[ -~\]": 'the description has ASCII only: which '
    'characters can be printed is for no regular expression to say',
}


def described(action: str | None) -> Any:
    """The description as schemathesis reads it.

    Without the headers, with which other tests deal.

    :param action: the only one that there is.
    """
    document = json.loads(json.dumps(openapi.document())) | {'security': []}
    for item in document['paths'].values():
        item['parameters'].remove({'$ref': '#/components/parameters/Version'})
    if action is not None:
        schema = document['paths'][ACTION]['post']['requestBody']['content'][
            'application/json']['schema']
        schema['oneOf'] = [one for one in schema['oneOf'] if action
                           in openapi.resolved(one)['required']]
    return schemathesis.openapi.from_dict(document)


def _scenarios() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, method, operation in openapi.operations():
        actions = openapi.actions() if path == ACTION else [None]
        for action in actions:
            name = action or operation['operationId']
            yield name, {'path': path, 'method': method, 'action': action,
                         'name': name}


class _OperationTestCase(testscenarios.WithScenarios, world.WorldTestCase):

    path: str
    method: str
    action: str | None
    name: str

    def setUp(self) -> None:
        super().setUp()
        self.request = ''
        self.addDetail('request', content.Content(
            content_type.UTF8_TEXT, lambda: [
                f'VOLUPLOAD_SEED={SEED}\n{self.request}'.encode()]))
        self.operation = described(self.action)[self.path][self.method]
        self.variables = [part[1:-1] for part in self.path.split('/')
                          if part[:1] == '{']
        self.good = self.accepted = 0

    def check_operation(self) -> None:
        """What is described is served, and nothing else."""
        self.ask_all(GenerationMode.POSITIVE)
        if self.operation.query or self.operation.body:
            self.ask_all(GenerationMode.NEGATIVE)
        self.assertGreater(self.accepted, 0)
        allowed, reason = REFUSED.get(self.name, (0.0, 'there is none'))
        self.assertLessEqual(1 - self.accepted / self.good, allowed, reason)

    def ask_all(self, mode: GenerationMode) -> None:
        turns = itertools.count()
        strategy = self.operation.as_strategy(
            generation_mode=mode, headers={}, cookies={},
            path_parameters=dict.fromkeys(self.variables, 'x'))

        @hypothesis.seed(SEED)
        @hypothesis.settings(
            deadline=None, database=None, max_examples=REQUESTS,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck))
        # The number only tells hypothesis that no two examples are the same.
        @hypothesis.given(strategy, st.integers(0, 2 ** 32))
        def ask(case: Any, number: int) -> None:
            case.path_parameters.update(self.ids(next(turns)))
            if mode == GenerationMode.POSITIVE:
                self.make_real(case)
            self.judge(case, good=mode == GenerationMode.POSITIVE)

        ask()

    def ids(self, turn: int) -> dict[str, str]:
        """What is in the path; each tenth time something that is nowhere."""
        return {
            variable: world.NOWHERE
            if variable.endswith('_id') and turn % 10 == 9
            else self.known[variable][turn % len(self.known[variable])]
            for variable in self.variables}

    def make_real(self, case: Any) -> None:
        """Make good what the description cannot say."""
        query = case.query or {}
        if 'marker' in query:
            kind = self.path.split('/')[1].rstrip('s')
            query['marker'] = self.known[f'{kind}_id'][0]
        if 'sort' in query:
            query.pop('sort_key', None)
            query.pop('sort_dir', None)
        if not isinstance(case.body, dict):
            return
        for inner in case.body.values():
            if isinstance(inner, dict):
                self._make_real(inner)
        if 'key' in self.variables:
            # The one pair of a body is for the URL with its key.
            [case.path_parameters['key']] = case.body.get('meta', case.body)

    def _make_real(self, inner: dict[str, Any]) -> None:
        for name, value in (
                ('volume_type', self.known['type_id'][0]), ('key', 'k'),
                ('attachment_id', world.ATTACHMENT['attachment_id'])):
            if inner.get(name):
                inner[name] = value
        # JSON has one kind of number, the service wants to see a whole one.
        if isinstance(inner.get('size'), float):
            inner['size'] = int(inner['size'])

    def judge(self, case: Any, *, good: bool) -> None:
        status, query, body = self.send(case)
        mistakes = openapi.mistakes(self.path, self.method, query, body)
        wrong = [one for one in mistakes
                 if not any(re.search(borne, one) for borne in ACCEPTED)]
        if wrong or world.NOWHERE in case.path_parameters.values():
            self.assertGreaterEqual(status, 400, wrong)
        elif good and not mistakes:
            self.good += 1
            self.accepted += status < 300

    def send(self, case: Any) -> tuple[int, str, Any]:
        """Status, and query and body as they were sent."""
        parts = case.as_transport_kwargs(
            base_url=f'http://localhost/v3/{PROJECT}')
        prepared = requests.Request(
            self.method, parts['url'], params=parts.get('params'),
            json=parts.get('json')).prepare()
        url = str(prepared.url).removeprefix('http://localhost')
        body = prepared.body
        body = body.encode() if isinstance(body, str) else body
        self.request = f'{self.method} {url}\n{body!r}'
        answer = self.ask(self.method, url, body,
                          OpenStack_API_Version='volume latest')
        self.check(answer)
        return (answer.status_int, parse.urlsplit(url).query,
                None if body is None else json.loads(body))


class TestActions(_OperationTestCase):

    scenarios = [one for one in _scenarios() if one[1]['action']]

    def test_what_is_described_is_served_and_nothing_else(self) -> None:
        self.check_operation()


class TestOtherOperations(_OperationTestCase):

    scenarios = [one for one in _scenarios() if not one[1]['action']]

    def test_what_is_described_is_served_and_nothing_else(self) -> None:
        self.check_operation()
