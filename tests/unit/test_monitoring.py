# SPDX-License-Identifier: Apache-2.0
"""Dashboard, alerts and guide name the metrics that there are.

That Grafana understands the dashboard is what its makers' own SDK says: what
it does not know gets lost on the way through its classes.
"""

from collections.abc import Iterator
import copy
import json
import pathlib
import re
from typing import Any

from grafana_foundation_sdk.cog import encoder
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.models import dashboard as grafana
import prometheus_client
from prometheus_client import metrics as metrics_core
import yaml

from tests import base
from tests.fixtures import database
from volupload import metrics
from volupload.volume.exporter import Exporter

ROOT = pathlib.Path(__file__).parents[2]
MONITORING = ROOT / 'etc' / 'volupload' / 'monitoring'
GUIDE = ROOT / 'doc' / 'source' / 'admin' / 'monitoring.rst'

SUFFIXES = {'counter': ['_total'], 'gauge': [''],
            'histogram': ['_bucket', '_count', '_sum']}
# Labels that Prometheus and its histograms add.
EVERYWHERE = {'instance', 'job', 'le'}


def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        (MONITORING / 'dashboard.json').read_text())
    return document


def targets() -> Iterator[dict[str, Any]]:
    for panel in dashboard()['panels']:
        yield from panel['targets']


def expressions() -> Iterator[str]:
    yield from (target['expr'] for target in targets())
    alerts = yaml.safe_load((MONITORING / 'alerts.yaml').read_text())
    for group in alerts['groups']:
        for rule in group['rules']:
            yield rule['expr']
            yield ' '.join(rule['annotations'].values())


def names(text: str) -> set[str]:
    return set(re.findall(r'\bvolupload_[a-z_]+', text))


class TestNames(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.Database())
        found = list(Exporter(list).registry.collect())
        self.families = {family.name: family for family in found
                         if family.name.startswith('volupload_')}
        self.series = {f'{name}{suffix}'
                       for name, family in self.families.items()
                       for suffix in SUFFIXES[family.type]}
        self.labels = {
            metric._name: set(metric._labelnames)
            for metric in vars(metrics).values()
            if isinstance(metric, metrics_core.MetricWrapperBase)}
        self.labels |= {name: {'status'} for name in self.families
                        if name.startswith('volupload_queue_')}

    def test_what_dashboard_and_alerts_ask_for_is_there(self) -> None:
        asked = set().union(*map(names, expressions()))
        self.assertLess(5, len(asked))
        self.assertEqual(set(), asked - self.series)

    def test_every_metric_is_on_the_dashboard(self) -> None:
        shown = set().union(*(names(target['expr']) for target in targets()))
        self.assertEqual(set(), {
            name for name, family in self.families.items()
            if not shown & {name + suffix
                            for suffix in SUFFIXES[family.type]}})

    def test_labels_that_are_asked_for_are_there(self) -> None:
        for expression in expressions():
            known = set(EVERYWHERE)
            for name in names(expression):
                known |= self.labels.get(self.family(name), set())
            grouped = re.findall(r'by \(([^)]*)\)', expression)
            asked = {label.strip() for labels in grouped
                     for label in labels.split(',')}
            asked |= set(re.findall(r'[{,]\s*(\w+)=', expression))
            self.assertEqual(set(), asked - known, expression)

    def test_legends_have_the_labels_that_are_left(self) -> None:
        for target in targets():
            left = re.findall(r'by \(([^)]*)\)', target['expr'])
            known = ({label.strip() for label in left[0].split(',')}
                     if left else EVERYWHERE)
            asked = set(re.findall(r'{{(\w+)}}', target['legendFormat']))
            self.assertEqual(set(), asked - known, target['expr'])

    def test_the_table_of_the_guide_is_complete(self) -> None:
        rows = dict(re.findall(
            r'^   \* - ``(volupload_\w+)``\n     - ((?:.+\n)+?)(?=   \*|\n)',
            GUIDE.read_text(), re.M))
        self.assertEqual(
            {name + ('_total' if family.type == 'counter' else '')
             for name, family in self.families.items()}, set(rows))
        for name, meaning in rows.items():
            for label in self.labels.get(self.family(name), ()):
                self.assertIn(f'``{label}``', meaning, name)

    def test_the_guide_names_nothing_else(self) -> None:
        self.assertEqual(set(), names(GUIDE.read_text()) - self.series
                         - set(self.families))

    def family(self, name: str) -> str:
        """The metric that a series belongs to."""
        return next((family for family in self.families if name in (
            family, *(family + suffix for suffix in SUFFIXES[
                self.families[family].type]))), name)

    def test_help_is_given_for_each(self) -> None:
        text = prometheus_client.generate_latest(
            Exporter(list).registry).decode()
        for name in self.families:
            self.assertRegex(text, rf'# HELP {name}\w* \w')


class TestDashboard(base.TestCase):

    def setUp(self) -> None:
        super().setUp()
        plugins.register_default_plugins()

    def lost(self, document: dict[str, Any]) -> list[str]:
        """The fields that Grafana would not have understood."""
        made = grafana.Dashboard.from_json(copy.deepcopy(document))
        kept = json.loads(encoder.JSONEncoder().encode(made))
        return list(differences(document, kept))

    def test_grafana_knows_every_field_of_it(self) -> None:
        self.assertEqual([], self.lost(dashboard()))

    def test_fields_that_are_misspelt_are_found(self) -> None:
        wrong = dashboard()
        panel = wrong['panels'][3]
        for holder, field in (
                (wrong, 'refresh'), (panel, 'gridPos'),
                (panel['targets'][0], 'expr'),
                (panel['targets'][0], 'legendFormat'),
                (panel['fieldConfig']['defaults'], 'unit'),
                (panel['options']['legend'], 'displayMode')):
            holder[f'{field}s'] = holder.pop(field)
            self.assertNotEqual([], self.lost(wrong), field)
            holder[field] = holder.pop(f'{field}s')
        self.assertEqual([], self.lost(wrong))

    def test_no_two_panels_share_an_id_or_a_place(self) -> None:
        panels = dashboard()['panels']
        self.assertEqual(len(panels), len({one['id'] for one in panels}))
        places: set[tuple[int, int]] = set()
        for panel in panels:
            at = panel['gridPos']
            mine = {(x, y) for x in range(at['x'], at['x'] + at['w'])
                    for y in range(at['y'], at['y'] + at['h'])}
            self.assertEqual(set(), mine & places, panel['title'])
            self.assertLessEqual(at['x'] + at['w'], 24)
            places |= mine


def differences(given: Any, kept: Any, where: str = '') -> Iterator[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            yield from differences(value, kept.get(key, 'lost'),
                                   f'{where}.{key}')
    elif isinstance(given, list) and isinstance(kept, list):
        for number, (one, other) in enumerate(
                zip(given, kept, strict=True)):
            yield from differences(one, other, f'{where}[{number}]')
    elif given != kept:
        yield where
