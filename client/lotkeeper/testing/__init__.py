"""A real server for the tests of your program: in memory, set back for each test, its clock in your hands.

    with LotkeeperServer() as server, server.client() as client:
        client.consume("MILK-0815", 100, material="Dairy/Milk/Whole milk", source="DairyCo/Plant1/Silo1")
        server.clock.advance(timedelta(days=3))

It begins with the demo plant, or with one of yours: `LotkeeperServer("plant.yaml")`.

Needs the server: `pip install 'lotkeeper[server]'`. Under pytest there are fixtures: `lotkeeper_client`,
`lotkeeper_server`, `lotkeeper_plant`.
"""

from lotkeeper.testing._clock import Clock
from lotkeeper.testing._server import LotkeeperServer
from lotkeeper.testing._server_processes import ServerNotInstalled, prepare

__all__ = ["Clock", "LotkeeperServer", "ServerNotInstalled", "prepare"]
