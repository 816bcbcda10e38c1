# SPDX-License-Identifier: Apache-2.0
"""The pictures of the guides, drawn from the code when the pages are built.

``.. picture:: upload_states`` shows the one of that name, with the words for
those who do not see it. A picture that the code has left behind ends the
build, so none of them can go stale; tests/unit/doc holds them without Sphinx.
"""

from collections.abc import Callable
import functools
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst.directives import images
import layout_picture
import sphinx.application
import state_pictures
import svg
import terminal_picture
import timeline_picture

FOLDER = '_pictures'
PICTURES: dict[str, Callable[[], svg.Picture]] = {
    'layouts': layout_picture.layouts,
    'terminal': terminal_picture.terminal,
    'timeline': timeline_picture.timeline,
    'upload_states': state_pictures.upload_states,
    'volume_states': state_pictures.volume_states,
}


@functools.cache
def draw(name: str) -> svg.Picture:
    return PICTURES[name]()


class Picture(images.Image):

    option_spec = None
    has_content = False

    def run(self) -> list[nodes.Node]:
        [name] = self.arguments
        if name not in PICTURES:
            raise self.error(f'There is no picture {name}: they are '
                             f'{", ".join(PICTURES)}.')
        picture = draw(name)
        self.arguments = [f'/{FOLDER}/{name}.svg']
        self.options['width'] = '100%'
        self.options['alt'] = f'{picture.title}. {picture.description}'
        found: list[nodes.Node] = super().run()
        return found


def _generate(app: sphinx.application.Sphinx) -> None:
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for name in PICTURES:
        file, text = folder / f'{name}.svg', draw(name).svg()
        # Sphinx reads again what has changed.
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def setup(app: sphinx.application.Sphinx) -> dict[str, Any]:
    app.connect('builder-inited', _generate)
    app.add_directive('picture', Picture)
    return {'parallel_read_safe': True}
