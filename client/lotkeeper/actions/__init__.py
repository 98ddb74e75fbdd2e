# Made by `python client/action_methods.py`; change client/action_table.py instead.

"""Actions for `Client.execute_inventory_actions`: a function for each type.

    client.execute_inventory_actions(
        [
            actions.receive("MILK-17", 900.0, material=milk, destination="DairyCo/Plant1/Silo1", unit="kg"),
            actions.move("MILK-17", 500.0, material=milk, source="DairyCo/Plant1/Silo1", destination=silo_2, unit="kg"),
        ]
    )

For a single action, the client has a method with the same name. A quantity is a float, or exact: a `Decimal`, an int,
or a text such as `"90000000001.099997"`. A moment is a datetime with a time zone, or ms since the epoch; a datetime
without a zone is refused with `InvalidArgument`.
"""

from lotkeeper.actions._consumption import consume, return_lot, unconsume
from lotkeeper.actions._correction import change_status, edit_quantity
from lotkeeper.actions._exchange import receive, receive_and_consume, ship
from lotkeeper.actions._production import produce, scrap, scrap_all
from lotkeeper.actions._rearrangement import merge, move, split

__all__ = [
    "change_status",
    "consume",
    "edit_quantity",
    "merge",
    "move",
    "produce",
    "receive",
    "receive_and_consume",
    "return_lot",
    "scrap",
    "scrap_all",
    "ship",
    "split",
    "unconsume",
]
