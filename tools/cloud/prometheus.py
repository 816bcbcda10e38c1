# SPDX-License-Identifier: Apache-2.0
"""Prometheus, of Debian's package, scraping what a test gives it."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any
from urllib import parse

from tools.cloud import errors
from tools.cloud import http
from tools.cloud import ports
from tools.cloud import process
from tools.cloud import programs
from tools.cloud import service


class Prometheus(service.Service):
    """
    :param targets: job -> addresses of what is scraped every second
    :param rules: a file of rules
    """

    def __init__(self, directory: Path, targets: Mapping[str, list[str]],
                 rules: Path) -> None:
        super().__init__(directory)
        self._targets = targets
        self._rules = rules
        self.port = ports.free_port()
        self.url = f'http://127.0.0.1:{self.port}'

    def prepare(self) -> None:
        # JSON is YAML.
        file = self.directory / 'prometheus.yml'
        file.write_text(json.dumps({
            'global': {'scrape_interval': '1s', 'evaluation_interval': '1s'},
            'rule_files': [str(self._rules)],
            'scrape_configs': [
                {'job_name': job, 'static_configs': [{'targets': addresses}]}
                for job, addresses in self._targets.items()]}))
        self.daemon = process.Daemon(
            'prometheus',
            [programs.of_debian('prometheus', 'prometheus'),
             f'--config.file={file}',
             f'--storage.tsdb.path={self.directory / "data"}',
             f'--web.listen-address=127.0.0.1:{self.port}'],
            log=self.directory / 'prometheus.log',
            healthy=lambda: http.answers(f'{self.url}/-/ready'))

    def ask(self, path: str, **query: str) -> Any:
        """The data of an answer of its API.

        :raises CloudError: it refused
        """
        answer = http.request(
            'GET', f'{self.url}/api/v1/{path}?{parse.urlencode(query)}')
        if answer.status != 200:
            raise errors.CloudError(
                f'Prometheus answered {answer.status}: '
                f'{answer.body.decode(errors="replace")}')
        return answer.json['data']
