package com.lotkeeper.client;

import com.google.protobuf.Message;
import java.util.Iterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Messages of a watch, without an end; close it, in a try block.
 *
 * <p>If the connection or the server is lost it goes on after the last message: none is skipped, none comes twice. Store the
 * {@code resume_token} of a message together with what you made of it; a message that only has a token is a heartbeat. It
 * is read by one thread; {@link #close} may be called by any, and ends it.
 *
 * @param <R> of the messages
 */
public final class Watch<R extends Message> implements Iterable<R>, AutoCloseable {
  private final Following<?, R> following;
  private boolean iterated;

  Watch(Following<?, R> following) {
    this.following = following;
  }

  /**
   * The messages. {@code hasNext} waits for one; it is false once the watch is closed, and throws a {@link
   * LotkeeperException} where the server refuses, or cannot be reached at the beginning. After the first message the
   * client tries for ever to reach it again.
   *
   * @return one, once: what has been taken does not come again
   * @throws IllegalStateException where there is one already
   */
  @Override
  public synchronized Iterator<R> iterator() {
    if (iterated) {
      throw new IllegalStateException("a watch is read once: make another, from a resume token");
    }
    iterated = true;
    return following;
  }

  /**
   * The messages as a stream, which closes the watch when it is closed.
   *
   * @return without an end, so limit it, or close it
   */
  public Stream<R> stream() {
    int kind = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), kind), false).onClose(this::close);
  }

  /** Ends the call; whoever waits in {@code hasNext} gets false. */
  @Override
  public void close() {
    following.close();
  }
}
