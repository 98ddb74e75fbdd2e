package com.lotkeeper.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** The connections of one client, taken in turn; a server that does not answer is left out while there are others. */
final class Connections {
  private static final long END_SECONDS = 5;

  private final List<Connection> connections;
  private final AtomicInteger turns = new AtomicInteger();

  Connections(Connecting connecting) {
    List<Connection> made = new ArrayList<>();
    try {
      for (int number = 0; number < connecting.connections; number++) {
        for (Address address : connecting.addresses) {
          made.add(new Connection(address, connecting.channel(address)));
        }
      }
    } catch (RuntimeException fault) {
      made.forEach(Connection::close);
      throw fault;
    }
    connections = List.copyOf(made);
  }

  /** The one whose turn it is: of those that are ready, otherwise of those that are not away, otherwise of all. */
  Connection next() {
    if (connections.size() == 1) {
      return connections.get(0);
    }
    int turn = turns.getAndIncrement() & Integer.MAX_VALUE;
    Connection there = null;
    for (int place = 0; place < connections.size(); place++) {
      Connection one = connections.get((turn + place) % connections.size());
      one.knockIfDue();
      if (one.isReady()) {
        return one;
      }
      if (there == null && one.isThere()) {
        there = one;
      }
    }
    return there == null ? connections.get(turn % connections.size()) : there;
  }

  /** Whether there is another than this one that is not away. */
  boolean hasOthersThan(Connection connection) {
    return connections.stream().anyMatch(one -> one != connection && one.isThere());
  }

  boolean areSeveral() {
    return size() > 1;
  }

  int size() {
    return connections.size();
  }

  /** All addresses, between commas. */
  String addresses() {
    return connections.stream().map(one -> one.address.toString()).distinct().collect(Collectors.joining(", "));
  }

  /** Ends every call; waits until the connections are gone. */
  void close() {
    connections.forEach(Connection::close);
    try {
      for (Connection connection : connections) {
        connection.awaitEnd(END_SECONDS);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
