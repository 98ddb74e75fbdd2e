"""What a client takes for an address, and which files it takes for TLS."""

from __future__ import annotations

from pathlib import Path

import pytest
from lotkeeper import AddressFault, AsyncClient, Client, Retries, SettingFault, TlsFault
from lotkeeper._addresses import Address, addresses_of
from lotkeeper._tls import CA_FILE_VARIABLE, CLIENT_CERTIFICATE_VARIABLE, CLIENT_KEY_VARIABLE, TlsFiles
from lotkeeper._unreachable import proxy_between

from tests.certificates import made_certificate


@pytest.mark.parametrize(
    ("given", "text", "target"),
    [
        ("plant-1", "plant-1:50051", "dns:///plant-1:50051"),
        ("plant-1:4711", "plant-1:4711", "dns:///plant-1:4711"),
        ("dns:///plant-1:4711", "plant-1:4711", "dns:///plant-1:4711"),
        ("10.0.0.7", "10.0.0.7:50051", "10.0.0.7:50051"),
        ("[::1]:4711", "[::1]:4711", "[::1]:4711"),
        ("[::1]", "[::1]:50051", "[::1]:50051"),
        ("ipv4:10.0.0.7:1", "10.0.0.7:1", "10.0.0.7:1"),
        ("werk-köln:1", "xn--werk-kln-s4a:1", "dns:///xn--werk-kln-s4a:1"),
        ("unix:/run/lotkeeper.sock", "unix:/run/lotkeeper.sock", "unix:/run/lotkeeper.sock"),
    ],
)
def test_an_address_is_a_name_or_a_number_with_or_without_a_port(given: str, text: str, target: str) -> None:
    """As people write it, and as gRPC is given it."""
    [address] = addresses_of(given)
    assert (address.text, address.target) == (text, target)


def test_several_addresses_stand_in_a_list_or_between_commas() -> None:
    """Each once, in order."""
    texts = [[one.text for one in addresses_of(given)] for given in ("a:1, b,a:1", ["a:1", "b"], ["a:1,b:50051"])]
    assert texts == [["a:1", "b:50051"]] * 3


def test_without_an_address_it_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command line and the clients in other languages have it; otherwise a server on this machine."""
    for variable, texts in (("plant-1, plant-2:7", ["plant-1:50051", "plant-2:7"]), (" ", ["127.0.0.1:50051"])):
        monkeypatch.setenv("LOTKEEPER_ADDRESS", variable)
        assert [one.text for one in addresses_of(None)] == texts
    monkeypatch.setenv("LOTKEEPER_ADDRESS", "http://plant-1")
    for client_class in (Client, AsyncClient):
        with pytest.raises(AddressFault, match="http://plant-1"):
            client_class()
    monkeypatch.delenv("LOTKEEPER_ADDRESS")
    assert [one.text for one in addresses_of(None)] == ["127.0.0.1:50051"]
    Client().close()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("http://plant-1:50051", "begins with http://"),
        ("https://plant-1", "TLS is asked for beside it"),
        ("::1:50051", "in brackets"),
        ("[::1", "is written [::1]:50051"),
        ("[plant]:1", "is written [::1]:50051"),
        ("plant:", "port"),
        ("plant:http", "port"),
        ("plant:0", "port"),
        ("plant:65536", "port"),
        ("plant:\u0661", "port"),
        ("plant/1:5", "give HOST:PORT"),
        ("me@plant:5", "give HOST:PORT"),
        (":50051", "give HOST:PORT"),
        ("", "is empty"),
        (" , ", "is empty"),
    ],
)
@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_what_is_no_address_is_refused_when_the_client_is_made(client_class: type, given: str, says: str) -> None:
    """With what to give instead."""
    with pytest.raises(AddressFault) as fault:
        client_class(given, token="t")
    assert says in str(fault.value)


def test_a_password_in_an_address_is_not_shown() -> None:
    """As nothing shows one."""
    with pytest.raises(AddressFault) as fault:
        Client("http://me:hunter2@plant:50051", token="t")
    assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("localhost:1", True),
        ("LOCALHOST.:1", True),
        ("api.localhost:1", True),
        ("127.8.8.8:1", True),
        ("[::1]:1", True),
        ("[::ffff:127.0.0.1]:1", True),
        ("unix:/tmp/x", True),
        ("10.0.0.1:1", False),
        ("localhost.plant:1", False),
        ("[fe80::1]:1", False),
    ],
)
def test_loopback_is_known_by_number_and_by_name(text: str, is_there: bool) -> None:
    """So that no proxy comes between."""
    assert addresses_of(text)[0].is_on_this_machine is is_there


def test_the_proxy_of_the_environment_is_named_as_grpc_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first variable counts; no_proxy leaves hosts out, and loopback never has one."""
    plant = Address("plant.example:1", "plant.example", 1)
    for name in ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert proxy_between(plant) is None
    monkeypatch.setenv("http_proxy", "http://second:1")
    monkeypatch.setenv("https_proxy", "http://me:hunter2@first:1")
    assert proxy_between(plant) == "https_proxy (http://me:***@first:1)"
    assert proxy_between(addresses_of("localhost")[0]) is None
    monkeypatch.setenv("no_proxy", "other, .example")
    assert proxy_between(plant) is None


def test_numbers_out_of_range_are_refused_when_the_client_is_made() -> None:
    """Each with its name."""
    for wrong in (
        {"connections": 0},
        {"connections": 65},
        {"keepalive_seconds": 0},
        {"keepalive_timeout_seconds": -1},
    ):
        with pytest.raises(SettingFault, match=next(iter(wrong))):
            Client("plant", token="t", **wrong)  # type: ignore[arg-type]
    for name, value in (("attempts_max", 0), ("connect_seconds", 0.0), ("backoff_first_seconds", 3.0)):
        with pytest.raises(SettingFault, match=name):
            Retries(**{name: value})  # type: ignore[arg-type]


def test_files_that_are_given_count_more_than_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A certificate and its key belong together: those of the environment are not mixed with one that is given."""
    monkeypatch.setenv(CA_FILE_VARIABLE, "ca")
    monkeypatch.setenv(CLIENT_CERTIFICATE_VARIABLE, "certificate")
    monkeypatch.setenv(CLIENT_KEY_VARIABLE, "key")
    assert TlsFiles.given(None, None, None) == TlsFiles(Path("ca"), Path("certificate"), Path("key"))
    mine = TlsFiles.given(tmp_path, "mine", None)
    assert mine == TlsFiles(tmp_path, Path("mine"), None)
    with pytest.raises(TlsFault, match="a client certificate is given without its key"):
        mine.credentials()


def test_files_that_cannot_be_used_are_refused_when_the_client_is_made(tmp_path: Path) -> None:
    """With the file, and what is wrong with it; nobody is asked for a password."""
    certificate, key = made_certificate(tmp_path)
    other, other_key = made_certificate(tmp_path, "other")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    locked = tmp_path / "locked.pem"
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n")
    for wrong, says in (
        ({"ca_file": tmp_path / "none.pem"}, "none.pem cannot be read: No such file"),
        ({"ca_file": nonsense}, "nonsense.pem holds no PEM certificates"),
        ({"client_certificate": certificate, "client_key": other_key}, "key values mismatch"),
        ({"client_certificate": nonsense, "client_key": key}, "cannot be used together"),
        ({"client_certificate": certificate, "client_key": locked}, "without a password"),
        ({"client_key": key}, "a client key is given without its certificate"),
        ({"tls": True, "ca_file": other, "client_key": key}, "without its certificate"),
    ):
        with pytest.raises(TlsFault) as fault:
            Client("plant", token="t", **wrong)  # type: ignore[arg-type]
        assert says in str(fault.value)
