# SPDX-License-Identifier: Apache-2.0
"""The pages of the API reference, out of the description in openapi.yaml.

They are written in the directives of os-api-ref, below ``api-ref/generated``.
The samples are real answers, which tests/functional/test_samples.py writes.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import json
from pathlib import Path
from typing import Any

import sphinx.application
import yaml

PREFIX = '/v3/{project_id}'
# Title -> paths. The first that fits has an operation.
PAGES = {
    'actions': ('Actions on volumes', ('/volumes/{volume_id}/action',)),
    'metadata': ('Metadata of volumes', ('/volumes/{volume_id}/metadata',)),
    'volumes': ('Volumes', ('/volumes',)),
    'uploads': ('Uploads', ('/uploads',)),
    'messages': ('Messages', ('/messages',)),
    'types': ('Volume types', ('/types',)),
    'service': ('Limits, quotas, zones and services', ('/',)),
}
_SECTIONS = ('header', 'path', 'query', 'body')

Schema = Mapping[str, Any]


@dataclasses.dataclass
class Operation:
    """One section of a page.

    :ivar name: of its samples
    :ivar response: of its success; empty where there is no body
    """

    name: str
    title: str
    method: str
    path: str
    description: str
    since: str | None
    parameters: list[Schema]
    request: Schema
    response: Schema


class Document:
    """openapi.yaml, with its references followed."""

    def __init__(self, file: Path) -> None:
        self._document = yaml.safe_load(file.read_text())

    def operations(self) -> Iterator[Operation]:
        """Every action of a volume is an operation of its own."""
        for path, item in self._document['paths'].items():
            shared = item.get('parameters', [])
            since = item.get('x-openstack', {}).get('min-ver')
            for method, found in item.items():
                if method in ('parameters', 'x-openstack'):
                    continue
                request = self._content(found.get('requestBody', {}))
                operation = Operation(
                    found['operationId'], found['summary'], method.upper(),
                    path, found.get('description', ''), since,
                    [self.resolve(one)
                     for one in (*shared, *found.get('parameters', []))],
                    request, self._success(found))
                yield from self._split(operation)

    def _split(self, operation: Operation) -> Iterator[Operation]:
        if 'oneOf' not in operation.request:
            yield operation
            return
        for body in map(self.resolve, operation.request['oneOf']):
            [name] = body['required']
            answer = operation.response if name in (
                'os-volume_upload_image') else {}
            yield dataclasses.replace(
                operation, name=name, request=body, response=answer,
                title=body.get('title', name),
                description=body.get('description', ''))

    def _success(self, found: Schema) -> Schema:
        """The last of them: an upload is 202, what has nothing to say 200."""
        bodies = [self._content(self.resolve(answer))
                  for status, answer in found['responses'].items()
                  if status.startswith('2')]
        return bodies[-1]

    def _content(self, found: Schema) -> Schema:
        found = self.resolve(found)
        if 'content' not in found:
            return {}
        return self.resolve(found['content']['application/json']['schema'])

    def resolve(self, one: Schema) -> Schema:
        while '$ref' in one:
            found: Any = self._document
            for part in one['$ref'].split('/')[1:]:
                found = found[part]
            one = {**found, **{key: value for key, value in one.items()
                               if key != '$ref'}}
        return one

    def fields(self, schema: Schema) -> Iterator[tuple[str, bool, Schema]]:
        """Those of an object, and of the objects directly below them."""
        for name, below in schema.get('properties', {}).items():
            field = self.resolve(below)
            yield name, name in schema.get('required', ()), field
            inner = self.resolve(field.get('items', field))
            if name.endswith('links'):
                continue
            if schema.get('required') == [name] or 'items' in field:
                for key, each in inner.get('properties', {}).items():
                    yield (key, key in inner.get('required', ()),
                           self.resolve(each))


class Writer:
    """The pages, and the one table of parameters that os-api-ref wants."""

    def __init__(self, document: Document, samples: Path) -> None:
        self._document = document
        self._samples = samples
        self._table: dict[str, dict[str, Any]] = {}

    def pages(self) -> dict[str, str]:
        """File name -> text."""
        found: dict[str, list[str]] = {}
        for operation in self._document.operations():
            page = next(name for name, (_, paths) in PAGES.items()
                        if operation.path.startswith(paths))
            found.setdefault(page, []).append(self._section(operation))
        pages = {f'{name}.rst': _heading(PAGES[name][0], '=', over=True)
                 + '.. rest_expand_all::\n\n' + ''.join(sections)
                 for name, sections in found.items()}
        return pages | {'parameters.yaml': self._parameters()}

    def _parameters(self) -> str:
        ordered = sorted(self._table.items(), key=lambda one: (
            _SECTIONS.index(one[1]['in']), one[0].lower()))
        return yaml.safe_dump(dict(ordered), sort_keys=False)

    def _section(self, operation: Operation) -> str:
        text = [_heading(operation.title, '='),
                f'.. rest_method:: {operation.method} '
                f'{PREFIX}{operation.path}\n\n',
                operation.description.strip() + '\n\n']
        if operation.since:
            text.append('Not on version 2.\n\n' if operation.since == '3.0'
                        else f'From microversion {operation.since} on.\n\n')
        project = {'name': 'project_id', 'in': 'path', 'required': True,
                   'description': 'The project of the token',
                   'schema': {'type': 'string'}}
        asked = [(one['name'], one) for one in (
            project, *operation.parameters)]
        asked += [(name, {'in': 'body', 'required': required, 'schema': one})
                  for name, required, one in self._document.fields(
                      operation.request)]
        text += [_heading('Request', '-'),
                 self._rows(operation, asked, 'asked'),
                 self._sample(operation, 'request')]
        answered = [
            (name, {'in': 'body', 'required': required, 'schema': one})
            for name, required, one in self._document.fields(
                operation.response)]
        if answered:
            text += [_heading('Response', '-'),
                     self._rows(operation, answered, 'answered')]
        return ''.join([*text, self._sample(operation, 'answer')])

    def _rows(self, operation: Operation,
              fields: list[tuple[str, Schema]], kind: str) -> str:
        lines = ['.. rest_parameters:: parameters.yaml\n\n']
        for name, field in fields:
            key = f'{operation.name}-{kind}-{field["in"]}-{name}'
            self._table[key] = _row(field, self._document)
            # JSON is YAML, and quotes what has to be.
            lines.append(f'   - {json.dumps(name)}: {json.dumps(key)}\n')
        return ''.join(lines) + '\n'

    def _sample(self, operation: Operation, kind: str) -> str:
        name = f'{operation.name}-{kind}.json'
        if not (self._samples / name).exists():
            return ''
        return (f'.. literalinclude:: ../samples/{name}\n'
                '   :language: json\n\n')


def _row(field: Schema, document: Document) -> dict[str, Any]:
    schema = document.resolve(field['schema'])
    row = {'in': field['in'], 'required': field.get('required', False),
           'type': _type(schema),
           'description': _description(field, schema)}
    version = (field.get('x-openstack') or schema.get('x-openstack') or {})
    if version:
        row['min_version'] = version['min-ver']
    return row


def _type(schema: Schema) -> str:
    if 'oneOf' in schema:
        return 'string or null'
    if 'const' in schema or 'enum' in schema:
        values = schema.get('enum', [schema.get('const')])
        kinds = {type(one).__name__ for one in values if one is not None}
        return ' or '.join({'str': 'string', 'bool': 'boolean'}[kind]
                           for kind in sorted(kinds))
    kind = schema.get('type', 'object')
    return kind if isinstance(kind, str) else ' or '.join(kind)


def _description(field: Schema, schema: Schema) -> str:
    said = field.get('description') or schema.get('description') or ''
    said = said and f'{said.rstrip(".")}.'
    if 'enum' in schema:
        known = ', '.join(f'``{json.dumps(one)}``'.replace('"', '')
                          for one in schema['enum'])
        said = f'{said} One of {known}.'.strip()
    return said


def _heading(title: str, line: str, *, over: bool = False) -> str:
    rule = line * len(title) + '\n'
    return f'{rule if over else ""}{title}\n{rule}\n'


def _generate(app: sphinx.application.Sphinx) -> None:
    source = Path(app.srcdir) / 'api-ref'
    generated = source / 'generated'
    generated.mkdir(exist_ok=True)
    writer = Writer(Document(source / 'openapi.yaml'), source / 'samples')
    for name, text in writer.pages().items():
        file = generated / name
        # Sphinx reads again what has changed.
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def setup(app: sphinx.application.Sphinx) -> dict[str, Any]:
    app.connect('builder-inited', _generate)
    return {'parallel_read_safe': True}
