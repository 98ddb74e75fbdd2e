"""Places things in the picture of a trace: boxes in columns from left to right, each edge in its own lanes.

An edge's label is laid out like a box, in a column between those of its ends. If an edge passes a column, it has a lane
there. So nothing can overlap: within a column order and distances prevent it, and between columns there are only
curves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

BOX_WIDTH: Final = 196.0
BOX_HEIGHT: Final = 58.0
LABEL_HEIGHT: Final = 16.0
_LANE_HEIGHT: Final = 4.0
_SPACE: Final = 12.0
"""The distance between things above each other."""
_GAP_MIN: Final = 40.0
_GAP_MAX: Final = 120.0
_RISE_PER_GAP: Final = 8.0
"""How steep a curve may become before its gap grows."""
_PORT_MARGIN: Final = 12.0
_ROUNDS: Final = 3
"""Rounds of ordering, to have few crossings; later ones improve little."""
_SWEEPS: Final = 12
"""Rounds of placing, from one side to the other and back, until neighbours are level."""
_LANE_PULL: Final = 8.0
"""How much stronger two lanes of one arrow are pulled to the same height than other neighbours."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, by its upper left corner; in pixels, like everything here."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge to lay out: from which box to which other, and how wide its label is."""

    start: str
    end: str
    label_width: float


@dataclass(slots=True)
class Layout:
    """The place of everything.

    Attributes:
        boxes: by name.
        labels: one for each arrow, in their order.
        routes: for each arrow the points that it goes through, from its start to its end.
        width: of all of it.
        height: of all of it.
    """

    boxes: dict[str, Box] = field(default_factory=dict)
    labels: list[Box] = field(default_factory=list)
    routes: list[list[Point]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


@dataclass(slots=True)
class _Item:
    """An item in a column: a box, a label, or (in grandalf's own class) the lane of a passing edge."""

    w: float  # the extent within the column, with grandalf's name
    h: float
    label_width: float = 0.0


def lay_out(names: Sequence[str], arrows: Sequence[Arrow]) -> Layout:
    """Lays out boxes of one size and the arrows between them, one connected part below the other.

    Args:
        names: of the boxes, each once.
        arrows: between these boxes.
    """
    boxes = {name: _vertex(BOX_HEIGHT) for name in names}
    labels = [_vertex(LABEL_HEIGHT, arrow.label_width) for arrow in arrows]
    against = _against_the_flow(names, arrows)
    halves: list[tuple[Any, Any]] = []
    for number, (arrow, label) in enumerate(zip(arrows, labels, strict=True)):
        first, last = boxes[arrow.start], boxes[arrow.end]
        if number in against:
            first, last = last, first
        halves.append((Edge(first, label), Edge(label, last)))
    graph = Graph([*boxes.values(), *labels], [half for pair in halves for half in pair])
    columns: list[list[tuple[Any, float]]] = []
    lanes: dict[Any, dict[int, Any]] = {}
    top = 0.0
    for part in graph.C:
        sugiyama = SugiyamaLayout(part)
        sugiyama.dw = _LANE_HEIGHT
        sugiyama.init_all(inverted_edges=[], optimize=True)
        for _ in range(_ROUNDS):
            for _ in sugiyama.ordering_step():
                pass
        placed = _placed(sugiyama.layers, [_items(half, sugiyama.ctrls) for half in part.E()])
        upper = min(centre - item.view.w / 2 for column in placed for item, centre in column)
        lower = max(centre + item.view.w / 2 for column in placed for item, centre in column)
        for number, column in enumerate(placed):
            if number == len(columns):
                columns.append([])
            columns[number] += [(item, centre - upper + top) for item, centre in column]
        lanes.update(sugiyama.ctrls)
        top += lower - upper + _SPACE
    return _Drawing(boxes, labels, columns, lanes).layout(halves, against, top - _SPACE)


def _vertex(extent: float, label_width: float = 0.0) -> Any:
    vertex = Vertex()
    vertex.view = _Item(extent, 1.0, label_width)
    return vertex


def _against_the_flow(names: Sequence[str], arrows: Sequence[Arrow]) -> set[int]:
    """Which arrows to lay out backwards, so that no cycle is left: those that lead back on a walk from the sources."""
    onward: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
    entered = {arrow.end for arrow in arrows}
    for number, arrow in enumerate(arrows):
        onward[arrow.start].append((number, arrow.end))
    found: set[int] = set()
    open_now: set[str] = set()
    done: set[str] = set()
    for name in sorted(names, key=entered.__contains__):
        stack: list[tuple[str, Iterator[tuple[int, str]]]] = []
        if name not in done:
            open_now.add(name)
            stack.append((name, iter(onward[name])))
        while stack:
            here, arrows_onward = stack[-1]
            step = next(arrows_onward, None)
            if step is None:
                stack.pop()
                open_now.discard(here)
                done.add(here)
                continue
            number, there = step
            if there in open_now:
                found.add(number)
            elif there not in done:
                open_now.add(there)
                stack.append((there, iter(onward[there])))
    return found


def _items(half: Any, lanes: Mapping[Any, Mapping[int, Any]]) -> list[Any]:
    """The items that half an arrow goes through, from left to right."""
    by_column = lanes.get(half)
    return list(half.v) if by_column is None else [by_column[number] for number in sorted(by_column)]


def _placed(layers: Sequence[Sequence[Any]], halves: Sequence[Sequence[Any]]) -> list[list[tuple[Any, float]]]:
    """The centre of each item of each column: as close to the height of its neighbours as order and distances allow."""
    before: dict[Any, list[tuple[Any, float]]] = {item: [] for layer in layers for item in layer}
    after: dict[Any, list[tuple[Any, float]]] = {item: [] for layer in layers for item in layer}
    for path in halves:
        for place, (one, other) in enumerate(pairwise(path)):
            pull = _LANE_PULL if 0 < place < len(path) - 2 else 1.0
            before[other].append((one, pull))
            after[one].append((other, pull))
    centres: dict[Any, float] = dict.fromkeys(before, 0.0)
    for layer in layers:
        _settle(layer, centres, [(0.0, 1.0) for _ in layer])
    for sweep in range(_SWEEPS):
        last = sweep == _SWEEPS - 1
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wishes = []
            for item in layer:
                neighbours = before[item] + after[item] if last else (before if sweep % 2 == 0 else after)[item]
                pull = sum(one for _, one in neighbours)
                mean = sum(centres[other] * one for other, one in neighbours) / pull if pull else centres[item]
                wishes.append((mean, pull or 0.1))
            _settle(layer, centres, wishes)
    return [[(item, centres[item]) for item in layer] for layer in layers]


def _settle(layer: Sequence[Any], centres: dict[Any, float], wishes: Sequence[tuple[float, float]]) -> None:
    """Puts the items of a column as near to their wished places, each with its weight, as order and distances allow."""
    offsets, at = [0.0], 0.0
    for above, item in pairwise(layer):
        at += (above.view.w + item.view.w) / 2 + _SPACE
        offsets.append(at)
    # Wishes minus offsets must not fall: neighbours where they would are pooled at their mean.
    pools: list[tuple[float, float, int]] = []
    for (wish, weight), offset in zip(wishes, offsets, strict=True):
        mean, count = wish - offset, 1
        while pools and pools[-1][0] > mean:
            other, others_weight, others = pools.pop()
            mean = (mean * weight + other * others_weight) / (weight + others_weight)
            weight, count = weight + others_weight, count + others  # noqa: PLW2901 - the pool grows
        pools.append((mean, weight, count))
    settled = [mean for mean, _, count in pools for _ in range(count)]
    for item, mean, offset in zip(layer, settled, offsets, strict=True):
        centres[item] = mean + offset


class _Drawing:
    """Columns turned into coordinates, from left to right."""

    def __init__(
        self,
        boxes: Mapping[str, Any],
        labels: Sequence[Any],
        columns: Sequence[Sequence[tuple[Any, float]]],
        lanes: Mapping[Any, Mapping[int, Any]],
    ) -> None:
        self._boxes, self._labels, self._columns, self._lanes = boxes, labels, columns, lanes
        self._column_of = {item: number for number, column in enumerate(columns) for item, _ in column}
        self._centre = {item: centre for column in columns for item, centre in column}
        self._lefts: list[float] = []
        self._rights: list[float] = []

    def layout(self, halves: Sequence[tuple[Any, Any]], against: set[int], height: float) -> Layout:
        """Boxes, labels and routes."""
        paths = [_items(first, self._lanes)[:-1] + _items(second, self._lanes) for first, second in halves]
        self._set_columns(paths)
        ports = self._ports(paths)
        layout = Layout(width=self._rights[-1], height=height)
        layout.boxes = {name: self._box(item, BOX_WIDTH, BOX_HEIGHT) for name, item in self._boxes.items()}
        layout.labels = [self._box(item, item.view.label_width, LABEL_HEIGHT) for item in self._labels]
        for number, path in enumerate(paths):
            points = self._points(path, ports[number])
            layout.routes.append(points[::-1] if number in against else points)
        return layout

    def _set_columns(self, paths: Sequence[Sequence[Any]]) -> None:
        """Columns as wide as their items; gaps are wider where curves are steep."""
        rises = [0.0] * len(self._columns)
        for path in paths:
            for one, other in pairwise(path):
                number = self._column_of[other]
                rises[number] = max(rises[number], abs(self._centre[one] - self._centre[other]))
        x = 0.0
        for number, column in enumerate(self._columns):
            if number:
                x += min(max(_GAP_MIN, rises[number] / _RISE_PER_GAP), _GAP_MAX)
            self._lefts.append(x)
            x += BOX_WIDTH if number % 2 == 0 else max(getattr(item.view, "label_width", 0.0) for item, _ in column)
            self._rights.append(x)

    def _box(self, item: Any, width: float, height: float) -> Box:
        number = self._column_of[item]
        middle = (self._lefts[number] + self._rights[number]) / 2
        return Box(middle - width / 2, self._centre[item] - height / 2, width, height)

    def _ports(self, paths: Sequence[Sequence[Any]]) -> list[tuple[float, float]]:
        """The heights at which each arrow leaves its left box and meets its right one, in the order of the arrows."""
        leaving: dict[Any, list[tuple[float, int]]] = {}
        coming: dict[Any, list[tuple[float, int]]] = {}
        for number, path in enumerate(paths):
            leaving.setdefault(path[0], []).append((self._centre[path[1]], number))
            coming.setdefault(path[-1], []).append((self._centre[path[-2]], number))
        left, right = self._spread(leaving), self._spread(coming)
        return [(left[number], right[number]) for number in range(len(paths))]

    def _spread(self, sides: Mapping[Any, list[tuple[float, int]]]) -> dict[int, float]:
        found: dict[int, float] = {}
        room = BOX_HEIGHT - 2 * _PORT_MARGIN
        for item, arrows in sides.items():
            step = room / len(arrows)
            for place, (_, number) in enumerate(sorted(arrows)):
                found[number] = self._centre[item] - room / 2 + step * (place + 0.5)
        return found

    def _points(self, path: Sequence[Any], ports: tuple[float, float]) -> list[Point]:
        """Straight through each column in its lane; the picture draws the curves between columns."""
        points: list[Point] = [(self._rights[self._column_of[path[0]]], ports[0])]
        for item in path[1:-1]:
            number, y = self._column_of[item], self._centre[item]
            points += [(self._lefts[number], y), (self._rights[number], y)]
        points.append((self._lefts[self._column_of[path[-1]]], ports[1]))
        return points
