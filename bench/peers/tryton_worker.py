"""One client of Tryton's stock modules, a process in the peer's own environment, driven by lines of JSON.

A movement is one transaction through the models: create the move, assign it where stock falls (Tryton's check that
there is enough), do it, commit. If the database refuses because of a lock or a serialization failure, it is tried again
as often, and with the same pauses, as Tryton's own dispatcher does for a call from outside.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from trytond import backend, config
from trytond.exceptions import UserError
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

from bench.peers.measuring import drive_client

ROOT = 0
database = sys.argv[1]  # on the server that TRYTOND_DATABASE_URI names


class TooLittle(Exception):
    """Tryton found less in stock than the move takes."""


def made(model: str, **values: Any) -> Any:
    """One record of a model, saved."""
    [record] = Pool().get(model).create([values])
    return record


def found(model: str, *clause: Any) -> Any:
    """The only record of a model that meets a condition."""
    [record] = Pool().get(model).search([clause])
    return record


def set_up(lots: int, stock: float) -> dict[str, Any]:
    """A company, a silo and so many lots in it, each of its own product."""
    with Transaction().start(database, ROOT) as transaction:
        currency = made("currency.currency", name="Euro", symbol="€", code="EUR")
        company = made("company.company", party=made("party.party", name="Dairy").id, currency=currency.id)
        admin = found("res.user", "login", "=", "admin")
        Pool().get("res.user").write([admin], {"companies": [("add", [company.id])], "company": company.id})
        storage = found("stock.location", "code", "=", "STO")
        plant: dict[str, Any] = {
            "user": admin.id,
            "company": company.id,
            "unit": found("product.uom", "symbol", "=", "kg").id,
            "silo": made("stock.location", name="Silo", type="storage", parent=storage.id).id,
            "outside": found("stock.location", "type", "=", "lost_found").id,
            "lots": {},
        }
        with transaction.set_context(company=company.id):
            for number in range(lots):
                template = made("product.template", name=f"Milk {number}", type="goods", default_uom=plant["unit"])
                product = made("product.product", template=template.id)
                lot = made("stock.lot", number=f"LOT-{number}", product=product.id)
                plant["lots"][lot.number] = (lot.id, product.id)
                move(plant, "produce", lot.number, stock)
        transaction.commit()
    return plant


def move(plant: dict[str, Any], movement: str, lot: str, quantity: float) -> None:
    """Creates and does one move; a fall is assigned between the two."""
    moves = Pool().get("stock.move")
    lot_id, product_id = plant["lots"][lot]
    falls = movement == "consume"
    values = {
        "product": product_id,
        "lot": lot_id,
        "unit": plant["unit"],
        "quantity": quantity,
        "from_location": plant["silo" if falls else "outside"],
        "to_location": plant["outside" if falls else "silo"],
        "company": plant["company"],
    }
    created = moves.create([values])
    if falls and not moves.assign_try(created):
        raise TooLittle
    moves.do(created)


def moved(plant: dict[str, Any], movement: str, lot: str) -> bool:
    """A movement of 1 in its own transaction; returns whether it was done."""
    retries = config.getint("database", "retry")
    extras: dict[str, Any] = {}
    attempt = 0
    while True:
        time.sleep(0.02 * attempt)
        with Transaction().start(database, plant["user"], context={"company": plant["company"]}, **extras) as one:
            try:
                move(plant, movement, lot, 1.0)
                one.commit()
            except TransactionError as error:
                one.rollback()
                error.fix(extras)
            except backend.DatabaseOperationalError:
                one.rollback()
                attempt += 1
                if attempt > retries:
                    return False
            except (TooLittle, UserError):
                one.rollback()
                return False
            else:
                return True


def run(plant: dict[str, Any], movement: str, lots: list[str], seconds: float, seed: int) -> dict[str, Any]:
    """One client's part of a run."""
    alone = threading.Barrier(1)
    return asdict(drive_client(lambda lot: moved(plant, movement, lot), lots, seconds, seed, alone))


def stock(plant: dict[str, Any]) -> dict[str, float]:
    """What is in the silo, by lot: moves that are done, none that are only planned."""
    context = {"company": plant["company"]}
    with Transaction().start(database, plant["user"], readonly=True, context=context) as one:
        product, today = Pool().get("product.product"), Pool().get("ir.date").today()
        with one.set_context(stock_date_end=today, forecast=False):
            quantities = product.products_by_location([plant["silo"]], grouping=("product", "lot"))
    by_lot = {lot_id: quantity for (_, _, lot_id), quantity in quantities.items()}
    return {name: by_lot.get(lot_id, 0.0) for name, (lot_id, _) in plant["lots"].items()}


def main() -> None:
    """Answers each line, a name and arguments, with one line."""
    Pool.start()
    pool = Pool(database)
    with Transaction().start(database, ROOT, readonly=True):
        pool.init()
    functions: dict[str, Callable[..., Any]] = {"set_up": set_up, "run": run, "stock": stock}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        print(json.dumps(functions[name](**arguments)), flush=True)


if __name__ == "__main__":
    main()
