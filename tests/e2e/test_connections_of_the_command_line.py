"""How the command line connects: options, variables, profiles; and what `check` says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client
from lotkeeper.cli import main
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.testing import LotkeeperServer

from tests.certificates import made_certificate
from tests.plants import ServedPlant
from tests.scoped import make_caller
from tests.server_process import ServerProcess


@pytest.fixture(scope="module")
def plant() -> Iterator[LotkeeperServer]:
    """The demo plant."""
    with LotkeeperServer() as server:
        yield server


class Home:
    """A folder of configuration, and the command line that uses it."""

    def __init__(self, folder: Path, plant: LotkeeperServer) -> None:
        """Nothing is configured yet."""
        self.folder = folder / "lotkeeper"
        self.folder.mkdir()
        self.token_file = self.folder / "plant.token"
        self.token_file.write_text(plant.token)
        self.token_file.chmod(0o600)

    def write(self, text: str) -> None:
        """Writes the file of profiles."""
        (self.folder / "config.toml").write_text(text)

    def run(self, *arguments: str, **environment: str) -> Result:
        """Runs `lotkeeper`."""
        return CliRunner().invoke(main, arguments, env={"XDG_CONFIG_HOME": str(self.folder.parent)} | environment)


@pytest.fixture
def home(tmp_path: Path, plant: LotkeeperServer) -> Home:
    """A folder of configuration."""
    return Home(tmp_path, plant)


def test_a_profile_says_where_a_plant_is_and_by_which_token(home: Home, plant: LotkeeperServer) -> None:
    """By an option, a variable, or as the one that the file names; files are beside it."""
    home.write(f'[profiles.plant-1]\naddress = "{plant.address}"\ntoken_file = "plant.token"\ntimeout_seconds = 10\n')
    assert home.run("locations", "--profile", "plant-1").exit_code == 0
    assert home.run("locations", LOTKEEPER_PROFILE="plant-1").exit_code == 0
    home.write(f'profile = "here"\n[profiles.here]\naddress = ["{plant.address}"]\ntoken_file = "plant.token"\n')
    assert home.run("locations").exit_code == 0


def test_options_count_more_than_a_profile_that_is_one_and_that_more_than_variables(
    home: Home, plant: LotkeeperServer
) -> None:
    """And variables more than a profile that nobody asked for on the command line."""
    home.write(f'profile = "here"\n[profiles.here]\naddress = "{plant.address}"\ntoken_file = "plant.token"\n')
    nowhere = "127.0.0.1:1"
    assert home.run("locations", "--profile", "here", LOTKEEPER_ADDRESS=nowhere, LOTKEEPER_TOKEN="x").exit_code == 0
    assert home.run("locations", "--profile", "here", "--address", nowhere, "--timeout", "1").exit_code == 3
    assert home.run("locations", "--timeout", "1", LOTKEEPER_ADDRESS=nowhere).exit_code == 3
    assert "UNAUTHENTICATED" in home.run("locations", LOTKEEPER_TOKEN="x").stderr


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("[profiles.a]\nadress = 'x'", "profiles.a.adress is not known: did you mean address?"),
        ("[profiles.a]\ntoken = 'x'", "put it into a file that only you can read"),
        ("[profiles.a]\ntls = 'yes'", "profiles.a.tls must be true or false"),
        ("[profiles.a]\ntimeout_seconds = 0", "must be a number above 0"),
        ("[profiles.a]\naddress = []", "must be a text, or a list of texts"),
        ("[profiles.a]\nca_file = 3", "must be the path of a file"),
        ("address = 'x'", "address is not known: write [profiles.NAME]"),
        ("profiles = 3", "profiles must be tables"),
        ("[profiles", "is not TOML"),
        ("[profiles.b]\n[profiles.c]", "there is no profile a in"),
        ("[profiles.b]\n[profiles.c]", "it has b, c"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(home: Home, file: str, said: str) -> None:
    """As wrong usage."""
    home.write(file)
    refused = home.run("locations", "--profile", "a")
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr


def test_profiles_are_completed(home: Home) -> None:
    """From the file."""
    home.write("[profiles.plant-1]\n[profiles.plant-2]\n[profiles.other]\n")
    words = {"COMP_WORDS": "lotkeeper --profile pl", "COMP_CWORD": "2", "_LOTKEEPER_COMPLETE": "bash_complete"}
    result = CliRunner().invoke(
        main, (), env={"XDG_CONFIG_HOME": str(home.folder.parent)} | words, prog_name="lotkeeper"
    )
    assert result.stdout.split() == ["plain,plant-1", "plain,plant-2"]


def test_an_address_is_a_name_or_several(home: Home, plant: LotkeeperServer) -> None:
    """What is none is wrong usage, and says so."""
    port = plant.address.rpartition(":")[2]
    for address in (f"localhost:{port}", f"{plant.address},{plant.address}"):
        assert home.run("locations", "--address", address, LOTKEEPER_TOKEN=plant.token).exit_code == 0
    refused = home.run("locations", "--address", "http://plant-1")
    assert (refused.exit_code, "begins with http://" in refused.stderr) == (2, True)


def test_tls_by_a_ca_file_in_an_option_a_variable_and_a_profile(home: Home, own_tls: ServerProcess) -> None:
    """A server that is not trusted is refused, and the error says what to give."""
    ca = str(own_tls.folder / "server.crt")
    token = {"LOTKEEPER_TOKEN": own_tls.token, "LOTKEEPER_ADDRESS": own_tls.address}
    assert home.run("permissions", "--ca-file", ca, **token).exit_code == 0
    assert home.run("permissions", LOTKEEPER_CA_FILE=ca, **token).exit_code == 0
    home.write(f'[profiles.tls]\naddress = "{own_tls.address}"\nca_file = "{ca}"\n')
    assert home.run("permissions", "--profile", "tls", LOTKEEPER_TOKEN=own_tls.token).exit_code == 0
    assert "its TLS certificate is not trusted" in home.run("permissions", "--tls", **token).stderr
    assert "it expects TLS" in home.run("permissions", **token).stderr
    refused = home.run("permissions", "--ca-file", ca, "--client-certificate", ca, **token)
    assert (refused.exit_code, "without its key" in refused.stderr) == (2, True)


def test_a_key_is_that_of_its_certificate(home: Home, own_tls: ServerProcess) -> None:
    """A variable does not add a key to a certificate that an option gives."""
    ca, key = (str(own_tls.folder / name) for name in ("server.crt", "server.key"))
    given = {"LOTKEEPER_TOKEN": own_tls.token, "LOTKEEPER_ADDRESS": own_tls.address, "LOTKEEPER_CLIENT_KEY": key}
    refused = home.run("permissions", "--ca-file", ca, "--client-certificate", ca, **given)
    assert (refused.exit_code, "without its key" in refused.stderr) == (2, True)
    both = ("--client-certificate", ca, "--client-key", key)
    assert home.run("permissions", "--ca-file", ca, *both, **given).exit_code == 0


@pytest.fixture(scope="module")
def own_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with TLS."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = made_certificate(folder)
    flags = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    with ServerProcess(folder, flags=flags) as process:
        yield process


def checked(result: Result) -> dict[str, tuple[str, str, str]]:
    """State, text and advice of each step; a server on threads of this process prints its log besides."""
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in result.stdout.splitlines() if line.startswith('{"check"')
    ]
    return {row["check"]: (row["state"], row["text"], row["advice"]) for row in rows}


def test_check_finds_that_all_is_well(home: Home, plant: LotkeeperServer) -> None:
    """Each step in a line for people; nothing is changed."""
    with plant.client() as client:
        before = len(list(client.list_inventory_lot_records()))
        result = home.run("check", LOTKEEPER_ADDRESS=plant.address, LOTKEEPER_TOKEN=plant.token)
        assert (result.exit_code, result.stderr) == (0, "")
        steps = [line.split(None, 1)[1].split("  ")[0] for line in result.stdout.splitlines()]
        assert steps == ["address", "TLS", "token", "version", "clock", "round trip"]
        assert all(line.startswith("ok ") for line in result.stdout.splitlines())
        assert len(list(client.list_inventory_lot_records())) == before


def test_check_says_what_to_do_about_an_address(home: Home) -> None:
    """Exit status 3, whether nobody listens, the name is none, or it is no address at all."""
    for address, said in (
        ("127.0.0.1:1", "nobody listens on 127.0.0.1:1"),
        ("nowhere.invalid", "nowhere.invalid cannot be resolved"),
        ("https://plant", "begins with https://"),
    ):
        result = home.run("check", "--json", "--address", address)
        state, text, advice = checked(result)["address"]
        assert (result.exit_code, state, said in text, bool(advice)) == (3, "fault", True, True), text


def test_check_says_what_to_do_about_a_token_and_a_clock(home: Home) -> None:
    """A server whose clock is elsewhere is a fault: its records would be dated wrongly."""
    with LotkeeperServer() as server:
        refused = home.run("check", "--json", LOTKEEPER_ADDRESS=server.address, LOTKEEPER_TOKEN="unknown")
        state, _, advice = checked(refused)["token"]
        assert (refused.exit_code, state, "token create" in advice) == (1, "fault", True)
        server.clock.advance(timedelta(minutes=5))
        ahead = home.run("check", "--json", LOTKEEPER_ADDRESS=server.address, LOTKEEPER_TOKEN=server.token)
        state, text, advice = checked(ahead)["clock"]
        assert (ahead.exit_code, state, "ahead of this machine's" in text, "NTP" in advice) == (1, "fault", True, True)


def test_check_looks_at_certificates(home: Home, own_tls: ServerProcess) -> None:
    """How long one is good, and what is wrong with one that is not trusted; TLS that is forgotten is named."""
    given = {"LOTKEEPER_ADDRESS": own_tls.address, "LOTKEEPER_TOKEN": own_tls.token}
    good = home.run("check", "--json", "--ca-file", str(own_tls.folder / "server.crt"), **given)
    assert good.exit_code == 0, good.stdout
    assert "is trusted, and good for" in checked(good)["TLS"][1]
    assert checked(good)["clock"][0] == "skipped"  # an empty plant cannot tell
    stranger = home.run("check", "--json", "--tls", **given)
    assert (stranger.exit_code, checked(stranger)["TLS"][0], "--ca-file" in checked(stranger)["TLS"][2]) == (
        3,
        "fault",
        True,
    )
    forgotten = home.run("check", "--json", **given)
    assert (forgotten.exit_code, "it expects TLS" in checked(forgotten)["answer"][1]) == (3, True)


def test_check_says_that_a_server_without_reflection_does_not_tell_its_contract(home: Home) -> None:
    """It is no fault."""
    with LotkeeperServer(settings={"reflection": False}) as server:
        result = home.run("check", "--json", LOTKEEPER_ADDRESS=server.address, LOTKEEPER_TOKEN=server.token)
        assert (result.exit_code, checked(result)["version"][0]) == (0, "skipped")


def test_check_asks_for_nothing_that_the_token_may_not(home: Home, own_server: ServerProcess) -> None:
    """Of few permissions, of none, and at one location only: no denial is written, and what is lacking is named."""
    with Client(own_server.address, token=own_server.token) as client:
        here, there = ServedPlant(client), ServedPlant(client)
    receiving = ("INVENTORY.WRITE", "LOCATION", "MATERIAL")
    lacking = "the token lacks INVENTORY.WRITE.RECEIVE, LOCATION.READ, MATERIAL.READ"
    cases: list[tuple[tuple[str, ...], list[Any], str, str]] = [
        (("INVENTORY.READ",), [], "skipped", lacking),
        (("MATERIAL", "LOCATION.READ"), [], "skipped", "the token lacks INVENTORY.WRITE.RECEIVE"),
        (receiving, [here.silo], "ok", ""),
        (receiving, [there.silo], "ok", ""),
        (receiving, [], "ok", ""),
    ]
    for permissions, places, state, said in cases:
        token, _ = make_caller(own_server, places, permissions)
        result = home.run("check", "--json", LOTKEEPER_ADDRESS=own_server.address, LOTKEEPER_TOKEN=token)
        assert result.exit_code == 0, result.stdout
        found = checked(result)["clock"]
        assert (found[0], said in found[1]) == (state, True), found
    assert own_server.terminate() == 0  # which writes what was not told yet
    own_server.start()
    with Client(own_server.address, token=own_server.token) as client:
        assert list(client.list_audit_events(results=[enums_pb2.AUDIT_RESULT_PERMISSION_DENIED])) == []
