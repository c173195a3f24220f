"""The code of the documents runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = ("clients/python/README.md", "docs/coming-from.md")
CODE = [
    pytest.param(code, id=f"{name} {at}")
    for name in DOCUMENTS
    for at, code in enumerate(re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL))
]


@pytest.mark.parametrize("code", CODE)
async def test_the_code_runs(code: str, url: str) -> None:
    # Annotations are read where contracts are described.
    names = {"__name__": "document", "redis_url": url}
    exec(compile(code.replace("redis://localhost:6379", url), "document", "exec"), names)
    await names["main"]()  # type: ignore[operator]
