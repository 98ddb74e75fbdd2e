"""How a store is named: several hosts, and what may be shown of an URL."""

import pytest
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.db.store_url import hidden_password


def test_no_password_is_shown() -> None:
    """Whether there is one host or several."""
    assert "secret" not in hidden_password("postgresql+psycopg://u:secret@h/db")
    assert "secret" not in hidden_password("postgresql+psycopg://u:secret@h1:5432,h2/db")


def test_several_hosts_are_named_as_libpq_has_them() -> None:
    """Those without a port have PostgreSQL's."""
    store = Store("postgresql+psycopg://u@h1:5433,h2/db")
    assert store.url.query["host"] == ("h1:5433", "h2:5432")
    assert store.path is None


@pytest.mark.parametrize(
    "url", ["oracle://u@h/db", "postgresql+asyncpg://u@h/db", "postgresql+psycopg://u@h", "sqlite://"]
)
def test_what_is_no_store_is_said(url: str) -> None:
    """Before anything is opened."""
    with pytest.raises(StoreError):
        Store(url)
