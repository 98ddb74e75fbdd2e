"""`lotkeeper trace`: forward for a recall, backward for a complaint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from lotkeeper.cli import named_types
from lotkeeper.cli.options import MATERIAL
from lotkeeper.cli.output import write_out
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

_FILE = click.Path(dir_okay=False, allow_dash=True)


@click.command()
@click.argument("lot", type=named_types.LOT_THERE)
@MATERIAL
@click.option("--forward", is_flag=True, help="Only what it went into: where did this milk go?")
@click.option("--backward", is_flag=True, help="Only what it came from: what is in this box?")
@click.option("--depth", type=click.IntRange(1, 50), help="How many edges away a lot may be. Default: 10.")
@click.option("--lots-only", is_flag=True, help="Not through production orders: only from lot to lot.")
@click.option("--svg", type=_FILE, help="Write a picture to this file; '-' for standard output, also for the others.")
@click.option("--dot", type=_FILE, help="Write it for Graphviz.")
@click.option("--json", "json_file", type=_FILE, is_flag=False, flag_value="-", help="Write the answer itself.")
@click.option("--csv", "csv_file", type=_FILE, help="Write the edges as a table.")
@FORM
@click.pass_obj
def trace(
    session: Session,
    /,
    lot: str,
    material: str | None,
    forward: bool,
    backward: bool,
    depth: int | None,
    lots_only: bool,
    svg: str | None,
    dot: str | None,
    json_file: str | None,
    csv_file: str | None,
) -> None:
    """Show what LOT came from and went into, as trees; or write that to files.

    LOT is an id or a name, with --material if several have it.
    """
    forward, backward = forward or not backward, backward or not forward
    direction = enums_pb2.TRACE_DIRECTION_BOTH
    if not (forward and backward):
        direction = enums_pb2.TRACE_DIRECTION_OUTPUT if forward else enums_pb2.TRACE_DIRECTION_INPUT
    answer = session.client.get_lot_trace_graph(
        lot, material_id_or_path=material, direction=direction, depth=depth, lots_only=lots_only
    )
    form = session.output.form
    if form == "json" and json_file is None:
        json_file = "-"
    elif form == "csv" and csv_file is None:
        csv_file = "-"
    elif form == "yaml":
        session.output.one(answer)
        return
    writers: list[tuple[str | None, Callable[[pb.GetLotTraceGraphResponse], str]]] = [
        (svg, _svg),
        (dot, _dot),
        (json_file, _json),
        (csv_file, _csv),
    ]
    texts = [(file, text_of(answer)) for file, text_of in writers if file is not None]
    for file, text in texts:
        _write(file, text)
    _tell(answer, [file for file, _ in texts], forward=forward, backward=backward)


def _tell(answer: pb.GetLotTraceGraphResponse, files: list[str], *, forward: bool, backward: bool) -> None:
    """Prints the trees; or, if files are written, what was left out."""
    from lotkeeper.cli.trace_graph import TraceGraph  # noqa: PLC0415 - here and below: only this command needs it
    from lotkeeper.cli.trace_tree import left_out_notes, tree_lines  # noqa: PLC0415

    if not files:
        click.echo("\n".join(tree_lines(TraceGraph(answer), backward=backward, forward=forward)))
    else:
        for note in left_out_notes(answer):
            click.echo(note, err=True)


def _svg(answer: pb.GetLotTraceGraphResponse) -> str:
    from lotkeeper.cli.trace_graph import TraceGraph  # noqa: PLC0415

    try:
        from lotkeeper.cli.trace_picture import ITEMS_MAX, svg_text  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("grandalf"):
            raise
        raise click.UsageError("pictures need another package: pip install 'lotkeeper[trace]'") from error
    if len(answer.nodes) + len(answer.edges) > ITEMS_MAX:
        text = f"{len(answer.nodes)} nodes and {len(answer.edges)} edges are too many for a picture, which shows "
        text += f"{ITEMS_MAX} at most: take a smaller --depth, one direction, or --dot, --csv or --json"
        raise click.UsageError(text)
    return svg_text(TraceGraph(answer))


def _dot(answer: pb.GetLotTraceGraphResponse) -> str:
    from lotkeeper.cli.trace_files import dot_text  # noqa: PLC0415
    from lotkeeper.cli.trace_graph import TraceGraph  # noqa: PLC0415

    return dot_text(TraceGraph(answer))


def _csv(answer: pb.GetLotTraceGraphResponse) -> str:
    from lotkeeper.cli.trace_files import csv_text  # noqa: PLC0415
    from lotkeeper.cli.trace_graph import TraceGraph  # noqa: PLC0415

    return csv_text(TraceGraph(answer))


def _json(answer: pb.GetLotTraceGraphResponse) -> str:
    from lotkeeper._json import to_json  # noqa: PLC0415

    return to_json(answer, indent=None) + "\n"


def _write(file: str, text: str) -> None:
    """Writes bytes unchanged, so that a table keeps its line ends everywhere."""
    if file == "-":
        write_out([text.encode()])
        return
    try:
        Path(file).write_bytes(text.encode())
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from error
