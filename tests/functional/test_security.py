# SPDX-License-Identifier: Apache-2.0
"""The guide doc/source/admin/security.rst, and what it says of secrets."""

import logging
import pathlib
import re

import fixtures
from keystoneauth1 import loading
from oslo_config import cfg
from oslo_config import fixture as config_fixture
from oslo_reports import guru_meditation_report

from tests import base
from tests.functional import base as functional
from volupload import report
from volupload import rpc
from volupload.conf import CONF
from volupload.conf import opts

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = ROOT / 'doc' / 'source' / 'admin' / 'security.rst'
SECRET = re.compile('password|secret|token$|key$')
HUSH = 'correct-horse'
# Section -> options that hold a secret, of all the libraries that we use.
SECRETS = {
    'DEFAULT': {'transport_url': f'rabbit://u:{HUSH}@localhost'},
    'database': {'connection': f'mysql+pymysql://u:{HUSH}@localhost/v',
                 'slave_connection': f'mysql+pymysql://u:{HUSH}@localhost/v'},
    'glance': {'password': HUSH},
    'keystone_authtoken': {'password': HUSH, 'memcache_secret_key': HUSH,
                           'memcache_password': HUSH},
    'oslo_messaging_notifications': {
        'transport_url': f'rabbit://u:{HUSH}@localhost'},
}


class TestGuide(base.TestCase):

    def test_every_test_that_it_names_is_there(self) -> None:
        named = re.findall(r'``(tests/[\w/]+\.py)``(?:,\s+``(test_\w+)``)?',
                           GUIDE.read_text())
        self.assertLess(50, len(named))
        for file, name in named:
            text = (ROOT / file).read_text()
            self.assertRegex(
                text, rf'def {name}\(' if name else 'def test_', file)

    def test_every_threat_has_a_test(self) -> None:
        rows = re.split(r'^   \* - ', GUIDE.read_text(), flags=re.MULTILINE)
        bare = [row.splitlines()[0] for row in rows[1:]
                if '``tests/' not in row]
        # The heads of the tables, and what nobody can do anything about.
        self.assertEqual({'threat', 'A stolen password of the database',
                          'A volume that changes while it is read'},
                         set(bare))


class TestSecrets(functional.KeystoneTestCase):
    """In a process that has loaded all that has options."""

    def setUp(self) -> None:
        super().setUp()
        rpc.get_notifier('x')
        options = self.useFixture(config_fixture.Config(CONF))
        options.register_opts(
            loading.get_auth_plugin_conf_options('password'), group='glance')
        self.debug = self.useFixture(fixtures.FakeLogger(level=logging.DEBUG))
        for section, values in SECRETS.items():
            options.config(
                group=None if section == 'DEFAULT' else section, **values)

    def test_what_holds_one_is_marked_so(self) -> None:
        named = [option for _, options in opts.list_opts()
                 for option in options if SECRET.search(option.name)]
        self.assertNotEqual([], named)
        self.assertEqual([], [
            option.name for option in named if not option.secret
            and not isinstance(option, cfg.BoolOpt)])

    def test_none_is_among_the_options_in_the_log(self) -> None:
        CONF.log_opt_values(logging.getLogger('volupload'), logging.DEBUG)
        self.assertIn('keystone_authtoken.memcache_secret_key', (
            self.debug.output))
        self.assertNotIn(HUSH, self.debug.output)

    def test_none_is_in_a_report(self) -> None:
        told = guru_meditation_report.TextGuruMeditation(
            report._Version()).run()
        for section in SECRETS:
            self.assertIn(section.lower(), told.lower())
        self.assertIn('memcache_secret_key', told)
        self.assertNotIn(HUSH, told)


class TestUnits(base.TestCase):

    def test_the_units_leave_no_memory_behind(self) -> None:
        units = list((ROOT / 'etc' / 'volupload' / 'deploy').glob('*.service'))
        self.assertEqual(2, len(units))
        for unit in units:
            self.assertIn('LimitCORE=0', unit.read_text().splitlines())


class TestOptions(base.TestCase):

    def test_certificates_are_looked_at_unless_somebody_says_no(self) -> None:
        self.assertIs(False, CONF.glance.insecure)
        self.assertIs(False, CONF.keystone_authtoken.insecure)
