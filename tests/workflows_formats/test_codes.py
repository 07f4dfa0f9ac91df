"""Every code of a report is on the page about errors."""

from pathlib import Path

from workflows.formats.report import CODES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def test_every_code_has_a_row_with_its_severity() -> None:
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    missing = [
        code
        for code, severity in CODES.items()
        if code != "invalid_workflow"
        and not any(row.startswith(f"| `{code}` | {severity} |") for row in rows)
    ]
    assert missing == []
