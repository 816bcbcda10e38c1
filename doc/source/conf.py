# SPDX-License-Identifier: Apache-2.0
"""Sphinx's settings for the documentation."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'ext'))

extensions = [
    'api_reference',
    'openstackdocstheme',
    'os_api_ref',
    'oslo_config.sphinxconfiggen',
    'oslo_config.sphinxext',
    'oslo_policy.sphinxext',
    'oslo_policy.sphinxpolicygen',
    'pictures',
]

project = 'volupload'
copyright = 'the volupload developers'

html_theme = 'openstackdocs'
pygments_style = 'native'
openstackdocs_auto_name = False

# The samples that the pages under configuration/ show.
config_generator_config_file = [
    ('../../etc/volupload/config-generator.conf', '_static/volupload'),
]
policy_generator_config_file = [
    ('../../etc/volupload/policy-generator.conf', '_static/volupload'),
]
