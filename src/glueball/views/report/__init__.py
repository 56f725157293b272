"""The report: one HTML file with everything about a model's parameters, to keep, to send and to search.

- `rows` says what is shown of one parameter, and `columns` writes many of them small.
- `page` puts data, style and script into one file that loads nothing and runs nothing but its own script.
- `page.html`, `*.css` and `*.js` are that page, as a person wrote it: there is no build step.
"""

from .page import page
from .rows import Change, Entry, Facts

__all__ = ["Change", "Entry", "Facts", "page"]
