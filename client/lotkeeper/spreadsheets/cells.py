"""Where something stands in a spreadsheet, and what is wrong with it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHOWN_CHARACTERS_MAX: Final = 64
FAULTS_MAX: Final = 100
"""So many faults are found in one go."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a file.

    Attributes:
        file: its name.
        line: the physical line where its row begins, as an editor counts it, from 1.
        column: its number, from 1; 0 where the whole row is meant, or a value that no column has.
        header: of its column, as the file has it; empty where there is none.
        text: what was read there.
    """

    file: str
    line: int
    column: int = 0
    header: str = ""
    text: str = ""

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}"
        if self.column:
            place += f", column {self.column}"
        if self.header:
            place += f" ({self.header})"
        if not self.text:
            return place
        cut = len(self.text) > SHOWN_CHARACTERS_MAX
        return f"{place}: {self.text[:SHOWN_CHARACTERS_MAX]}{'…' if cut else ''}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a file.

    Attributes:
        cell: where.
        why: what is wrong with it, to be read after the cell: `is not a number`.
    """

    cell: Cell
    why: str

    def __str__(self) -> str:
        return f"{self.cell} {self.why}" if self.cell.text else f"{self.cell}: {self.why}"


class SpreadsheetFaults(ValueError):
    """What is wrong in files: nothing of them was used.

    Attributes:
        faults: the first ones, in the order of the files.
    """

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


class FaultList:
    """The faults found so far."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def note(self, cell: Cell, why: str) -> None:
        """Notes one.

        Raises:
            SpreadsheetFaults: after so many.
        """
        self._faults.append(Fault(cell, why))
        if len(self._faults) >= FAULTS_MAX:
            self.check()

    def check(self) -> None:
        """Ends here if there are any.

        Raises:
            SpreadsheetFaults: with all of them.
        """
        if self._faults:
            raise SpreadsheetFaults(self._faults)
