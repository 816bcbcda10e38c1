# SPDX-License-Identifier: Apache-2.0
"""The published description of the API, as a judge of answers."""

from collections.abc import Iterator
from collections.abc import Mapping
import functools
import json
import pathlib
import re
from typing import Any
from urllib import parse

import jsonschema
import webob
import yaml

from volupload import exception
from volupload.api import router

FILE = (pathlib.Path(__file__).parents[2]
        / 'doc' / 'source' / 'api-ref' / 'openapi.yaml')

Schema = Mapping[str, Any]


@functools.cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


@functools.cache
def _router() -> router.Router:
    return router.Router()


def operations() -> Iterator[tuple[str, str, Schema]]:
    """Path, method and description of every one."""
    for path, item in document()['paths'].items():
        for method, operation in item.items():
            if method not in ('parameters', 'x-openstack'):
                yield path, method.upper(), operation


def actions() -> list[str]:
    """The names of all that is done to a volume."""
    [found] = [operation for path, _, operation in operations()
               if path == '/volumes/{volume_id}/action']
    content = found['requestBody']['content']['application/json']
    return [name for body in content['schema']['oneOf']
            for name in resolved(body)['required']]


def validator(schema: Schema) -> jsonschema.protocols.Validator:
    # References begin at the root of the document.
    return jsonschema.Draft202012Validator(
        {**schema, 'components': document()['components']})


@functools.cache
def _validator_of(path: str, method: str,
                  status: str) -> jsonschema.protocols.Validator | None:
    """None: there is nothing to say about the body.

    :raises AssertionError: there is to be no such answer.
    """
    responses = document()['paths'][path][method.lower()]['responses']
    if status not in responses and int(status) < 400:
        raise AssertionError(f'{method} {path} is not to answer {status}')
    found = resolved(responses.get(status, responses['default']))
    if 'content' not in found:
        return None
    return validator(found['content']['application/json']['schema'])


def resolved(one: Schema) -> Schema:
    """What the reference leads to, if it is one."""
    if '$ref' not in one:
        return one
    found: Any = document()
    for part in one['$ref'].split('/')[1:]:
        found = found[part]
    return dict(found)


def problems(method: str, path: str,
             answer: webob.Response) -> list[str]:
    """What is not as the description says.

    :param path: as WSGI has it, bytes in the dress of latin-1.
    """
    path = path.encode('latin-1').decode(errors='replace')
    try:
        endpoint = _path_of(path, method)
    except exception.VoluploadError:
        return []   # no such route: what it is, other tests say
    method = 'GET' if method == 'HEAD' else method
    judge = _validator_of(endpoint, method, str(answer.status_int))
    if judge is None:
        return ['there is a body'] if answer.body else []
    if not answer.body:
        return []   # HEAD, or an action that has nothing to say
    return [f'{error.json_path}: {error.message}'
            for error in judge.iter_errors(answer.json)]


def mistakes(path: str, method: str, query: str, body: Any) -> list[str]:
    """What a request has that is not as the description says.

    Names in the query that are not described do not count: nobody looks at
    them. Nor do those that are there twice: the last one is looked at.

    :param path: of the description.
    :param query: as it is in the URL.
    :param body: decoded; None if there is none.
    """
    operation = document()['paths'][path][method.lower()]
    known = {one['name']: one['schema']
             for one in map(resolved, operation.get('parameters', ()))
             if one['in'] == 'query'}
    found = [
        f'{name}: {problem}' for name, value in dict(parse.parse_qsl(
            query, keep_blank_values=True)).items() if name in known
        for problem in _misread(value, resolved(known[name]))]
    if 'requestBody' in operation:
        content = resolved(operation['requestBody'])['content']
        found += [f'{error.json_path}: {error.message}' for error in validator(
            content['application/json']['schema']).iter_errors(body)]
    return found


def _misread(text: str, schema: Schema) -> Iterator[str]:
    """What is wrong with a text of a query."""
    value: Any = text
    if schema.get('type') == 'boolean' and text in ('true', 'false'):
        value = text == 'true'
    if schema.get('type') == 'integer' and re.fullmatch('-?[0-9]{1,20}',
                                                        text):
        value = int(text)
    if 'contentSchema' in schema:
        try:
            value, schema = json.loads(text), schema['contentSchema']
        except ValueError as error:
            yield str(error)
    for problem in validator(schema).iter_errors(value):
        yield problem.message


def _path_of(path: str, method: str) -> str:
    _endpoint, _variables, known = _router().match(path, method)
    return known
