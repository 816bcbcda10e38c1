# SPDX-License-Identifier: Apache-2.0
"""Sphinx's settings for the release notes."""

extensions = ['openstackdocstheme', 'reno.sphinxext']

project = 'volupload release notes'
copyright = 'the volupload developers'

html_theme = 'openstackdocs'
pygments_style = 'native'
openstackdocs_auto_name = False
