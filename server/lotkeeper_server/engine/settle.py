"""What became of a commit whose answer was lost: it is asked, and what is not known is never done again."""

from typing import Final

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.clock import Clock
from lotkeeper_server.engine.patience import Patience
from lotkeeper_server.engine.store_port import DecisionStore
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db.errors import OutcomeUnknown, StoreError

SETTLE_SECONDS: Final = 20.0
"""How long it is asked."""
_log = get_logger()


def has_taken_effect(store: DecisionStore, transaction_id: Id, error: OutcomeUnknown, clock: Clock) -> bool:
    """Whether a transaction took effect whose commit was not answered.

    Raises:
        OutcomeUnknown: where that cannot be found out in time.
    """
    if not store.capabilities.can_lose_answers:
        raise error
    patience = Patience(clock, SETTLE_SECONDS)
    while True:
        try:
            settled = store.has_taken_effect(transaction_id, clock.now_millis())
        except StoreError:
            if not patience.wait():
                raise error from None
        else:
            _log.info("commit_settled", took_effect=settled, error=str(error))
            return settled
