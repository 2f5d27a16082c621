"""Why an input cannot be read at all, in both languages. What a single row can lack stands in shape.py."""

from __future__ import annotations


class InputRefused(Exception):
    """The whole input cannot be read. Nothing taken from it so far may be kept.

    `rule` is a stable id such as file.missing; both messages say what is wrong and what to do. `line` is 1-based.
    """

    def __init__(
        self,
        rule: str,
        message_vi: str,
        message_en: str,
        *,
        sheet: str | None = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(f"{rule}: {message_en}")
        self.rule = rule
        self.message_vi = message_vi
        self.message_en = message_en
        self.sheet = sheet
        self.line = line
        self.column = column

    def __reduce__(self) -> tuple[object, ...]:
        # An exception travels between processes as its class and `args`; this one is not made of those.
        return _made_again, (self.rule, self.message_vi, self.message_en, self.sheet, self.line, self.column)


def _made_again(
    rule: str, message_vi: str, message_en: str, sheet: str | None, line: int | None, column: str | None
) -> InputRefused:
    return InputRefused(rule, message_vi, message_en, sheet=sheet, line=line, column=column)
