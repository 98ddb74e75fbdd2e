"""`lotkeeper-server`: serve, run, migrate, demo, archive, audit, backup, restore, who may call and more."""

import sys
from pathlib import Path
from typing import Any

import click
from lotkeeper.progress import progress
from lotkeeper.shell_completion import completion_command
from lotkeeper.visible_text import visible

from lotkeeper_server.cli.administration import token
from lotkeeper_server.cli.archiving import archive
from lotkeeper_server.cli.audit_archiving import audit
from lotkeeper_server.cli.auditing import told
from lotkeeper_server.cli.backups import backup, restore
from lotkeeper_server.cli.doctor.command import doctor
from lotkeeper_server.cli.granting import grant, grants, revoke
from lotkeeper_server.cli.json_errors import ServerGroup
from lotkeeper_server.cli.migrating import migrate
from lotkeeper_server.cli.opening import (
    CONFIG,
    Opened,
    chosen_settings,
    database,
    fail,
    opened_current,
    settings_for_once,
)
from lotkeeper_server.cli.reloading import Given
from lotkeeper_server.cli.roles import role
from lotkeeper_server.cli.serving import serve_store
from lotkeeper_server.cli.setting_flags import settings_flags
from lotkeeper_server.cli.status.command import status
from lotkeeper_server.cli.testing import testing


@click.group(cls=ServerGroup, context_settings={"help_option_names": ["-h", "--help"]})
@CONFIG
@click.version_option(package_name="lotkeeper")
def main() -> None:
    """Lotkeeper's server. Every flag is a setting too: LOTKEEPER_NAME in the environment, name in the TOML file."""


@main.command()
@settings_flags
@click.option("--bench-echo", is_flag=True, help="Also serve /lotkeeper.bench.v1.Bench/Echo.")
@click.pass_obj
def serve(config_file: Path | None, /, bench_echo: bool, **flags: Any) -> None:
    """Serve; an empty store is migrated first."""
    settings = chosen_settings(flags, config_file)
    serve_store(settings, Given(flags, config_file), bench_echo=bench_echo, develops=False)


@main.command()
@settings_flags
@click.option("--bench-echo", is_flag=True, hidden=True)
@click.pass_obj
def run(config_file: Path | None, /, bench_echo: bool, **flags: Any) -> None:
    """Serve for development: a file in ./data, a demo plant in an empty store, a token that clients find."""
    settings = chosen_settings(flags, config_file)
    serve_store(settings, Given(flags, config_file), bench_echo=bench_echo, develops=True)


@main.command()
@database
@click.pass_obj
def demo(config_file: Path | None, /, **flags: Any) -> None:
    """Load the demo plant into an empty store."""
    from lotkeeper_server.demo.loading import load_demo_plant  # noqa: PLC0415 - only here

    url = settings_for_once(flags, config_file).database_url
    with progress("loading"), Opened(opened_current(url)) as store:
        if not load_demo_plant(store, told):
            fail("the store is not empty; the demo plant can only be loaded into an empty one")
    click.echo("the demo plant is loaded")


@main.command()
@click.option(
    "--archive",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Also read the files of archived records in this folder; may be given several times.",
)
@database
@click.pass_obj
def verify(config_file: Path | None, /, folders: tuple[Path, ...], **flags: Any) -> None:
    """Compare every stock and total with the sum of its records, while the server serves."""
    from lotkeeper_server.archive.checking import ArchiveCheck, check_archive  # noqa: PLC0415 - only here
    from lotkeeper_server.store.verification import verify as verify_store  # noqa: PLC0415 - beside its own name

    url = settings_for_once(flags, config_file).database_url
    with progress("comparing"), Opened(opened_current(url, makes=False)) as store, store.read() as read:
        verification = verify_store(read)
        archived = check_archive(read, folders) if folders else ArchiveCheck()
    differences = [*map(str, verification.differences), *archived.faults]
    for difference in differences:
        click.echo(visible(difference))
    for note in verification.notes:
        click.echo(visible(f"note: {note}"))
    for name in archived.leftovers:
        click.echo(
            visible(f"{name} is not known to the store: an archive that was stopped left it; the next removes it")
        )
    click.echo(
        f"{verification.records} records, {verification.rows} stocks, {verification.lots} lots"
        + (f", {archived.records} records in {archived.files} files: " if folders else ": ")
        + (f"{len(differences)} differences" if differences else "all agree")
    )
    if differences:
        sys.exit(1)


main.add_command(archive)
main.add_command(audit)
main.add_command(backup)
main.add_command(doctor)
main.add_command(migrate)
main.add_command(restore)
main.add_command(role)
main.add_command(status)
main.add_command(token)
main.add_command(grant)
main.add_command(revoke)
main.add_command(grants)
main.add_command(testing)
main.add_command(completion_command(lambda: main, "lotkeeper-server"))
