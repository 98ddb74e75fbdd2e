"""A real server for the tests of your program: in memory, set back for each test, its clock in your hands.

with LotkeeperServer(plant="plant.yaml") as server, server.client() as client:
    client.consume(lot="L-17", quantity=100, source="Plant1/Silo1")
    server.clock.advance(timedelta(days=3))

Needs the server: `pip install 'lotkeeper[server]'`. Under pytest there are fixtures: `lotkeeper_client`,
`lotkeeper_server`, `lotkeeper_plant`.
"""

from lotkeeper.testing._clock import Clock
from lotkeeper.testing._server import LotkeeperServer
from lotkeeper.testing._server_processes import ServerNotInstalled, prepare

__all__ = ["Clock", "LotkeeperServer", "ServerNotInstalled", "prepare"]
