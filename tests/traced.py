"""Answers of GetLotTraceGraph made up by a seed, as the pictures and files of a trace get them."""

from __future__ import annotations

import random

from lotkeeper.inventory.v1 import trace_service_pb2 as pb

NAMES = (
    "MILK-2026-03-01/A",
    "Sahne Größe 3",
    "クリーム-0042",
    "BOX-9",
    "L" * 60,
    "<script>&\"'</script>",
    "MWMWMWMWMWMW-WWW",
)


def made_up(lots: int, seed: int = 1, *, extra: float = 0.4, backwards: float = 0.05) -> pb.GetLotTraceGraphResponse:
    """A connected genealogy of so many lots: each has an edge with one before it, some have more, some lead back."""
    chance = random.Random(seed)
    answer = pb.GetLotTraceGraphResponse()
    for number in range(lots):
        answer.nodes.add(
            inventory_lot_id=f"01JPAND53P-BZ61RZHZ-{number:08d}",
            inventory_lot_name=NAMES[number] if number < len(NAMES) else f"LOT-{number:05d}",
            lot_status=1 + number % 6,  # type: ignore[arg-type]
            material_path=chance.choice(("Dairy/Milk/Whole milk", "Dairy/Cream", "Packaging/Wrapper", "Salz & Co <1>")),
            quantity_in=chance.choice((0, 12.5, 1000)),
            quantity_out=chance.choice((0, 0.000001, 123456.789)),
            unit_of_measure_symbol=chance.choice(("kg", "pcs", "")),
            depth=0 if number == 0 else 1,
        )

    def edge(start: int, end: int) -> None:
        if chance.random() < backwards:
            start, end = end, start
        answer.edges.add(
            from_inventory_lot_id=answer.nodes[start].inventory_lot_id,
            to_inventory_lot_id=answer.nodes[end].inventory_lot_id,
            lot_record_type=chance.choice((1, 3, 5, 6)),  # type: ignore[arg-type]
            quantity=chance.choice((1, 12.5, 4000.125)),
            unit_of_measure_symbol="kg",
            record_count=chance.randint(1, 9),
        )

    for number in range(1, lots):
        near = chance.randrange(max(0, number // 6), max(1, number // 2))
        edge(*((near, number) if number % 3 else (number, near)))
        while chance.random() < extra:
            edge(*sorted(chance.sample(range(max(0, number - 12), number + 1), min(2, number + 1))))
    return answer
