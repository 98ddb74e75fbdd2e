"""One run: a plant is made, a harness loads the server, and the audit compares."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lotkeeper import LotkeeperError, SettingFault

from loadtest.audit import Holding, findings, holding, nothing_done
from loadtest.harnesses import HARNESSES, Counted, HarnessFailed, HarnessMissing, Target
from loadtest.scenarios import Plant, Scenario, Work
from loadtest.serving import RETURN_SECONDS, START_SECONDS, NotBegun, SentToken, Serving, on_one_line


@dataclass
class Run:
    """What is known of a run.

    Attributes:
        counted: by the harness, for each phase that it ended.
        records: that were written meanwhile; None where nobody could look.
        findings: of the audit, a line each.
        failure: of the harness; empty for none.
    """

    counted: list[Counted] = field(default_factory=list)
    records: int | None = None
    findings: list[str] = field(default_factory=list)
    failure: str = ""


@dataclass(frozen=True)
class Prepared:
    """A plant, and what it held before the load.

    Attributes:
        work: what is to be done on it.
        before: what it holds.
        target: for the harness.
    """

    work: Work
    before: Holding
    target: Target


def prepare(scenario: Scenario, serving: Serving, seconds: float, folder: Path) -> Prepared:
    """Makes a scenario's plant on the server.

    Raises:
        NotBegun: where the server does not answer, or refuses.
    """
    sent = SentToken()
    try:
        with serving.client(START_SECONDS, sent) as client:
            work = scenario.make(Plant(client))
            before = holding(client, work.root)
    except (SettingFault, LotkeeperError) as error:
        raise NotBegun(serving.end() or on_one_line(error)) from error
    return Prepared(work, before, Target(serving.address, sent.token, seconds, folder))


def run(harness: str, prepared: Prepared, serving: Serving) -> Run:
    """Loads the server and audits it; a failure is part of what it returns.

    Raises:
        NotBegun: where the harness is not there.
    """
    result = Run()
    try:
        for phase in prepared.work.phases:
            result.counted.append(HARNESSES[harness](phase, prepared.target))
    except HarnessMissing as missing:
        raise NotBegun(str(missing)) from missing
    except HarnessFailed as failed:
        result.failure = str(failed)
    result.findings = _audit(result, prepared, serving)
    return result


def _audit(result: Run, prepared: Prepared, serving: Serving) -> list[str]:
    """The findings; writes down the records, too."""
    wrong = _comparison(result, prepared, serving)
    if differences := serving.differences():
        wrong.append(f"stock is not the sum of the records: {differences}")
    return wrong


def _comparison(result: Run, prepared: Prepared, serving: Serving) -> list[str]:
    work, before = prepared.work, prepared.before
    if end := serving.end():
        return [f"could not be made: {end}"]
    try:
        with serving.client(RETURN_SECONDS) as client:
            after = holding(client, work.root)
    except (SettingFault, LotkeeperError) as error:
        return [f"could not be made: {serving.end() or on_one_line(error)}"]
    result.records = after.records - before.records
    if result.failure:
        return ["could not be made: the harness has not told what it did"]
    found = findings(before, after, result.counted, work.kinds)
    nothing = nothing_done(result.counted, result.records, work.kinds)
    return [*found, nothing] if nothing else found


def summary(harness: str, scenario: str, run: Run) -> str:
    """The harness's own counts, and the records, in a line."""
    seconds = max(sum(one.seconds for one in run.counted), 1e-9)
    total = sum((one.total() for one in run.counted), Counter[str]())
    rates = [f"{(total['OK'] or total['HTTP 200']) / seconds:,.0f} calls/s"]
    if run.records is not None:
        rates.append(f"{run.records / seconds:,.0f} records/s")
    rates += [
        f"p50 {one.p50_millis:.1f} ms" + (f", p99 {one.p99_millis:.1f} ms" if one.p99_millis is not None else "")
        for one in run.counted
        if one.p50_millis is not None
    ]
    first = ["OK"] if all(one.sees_statuses for one in run.counted) else []
    counts = "; ".join(f"{total[status]} {status}" for status in [*first, *sorted(set(total) - {"OK"})])
    records = "" if run.records is None else f", {run.records} records"
    return f"{harness} {scenario}: {', '.join(rates)}; {counts}{records} in {seconds:.1f} s"
