package com.lotkeeper.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The items of a list, one after another: the next page is read once all items of the last one have been taken.
 *
 * <p>Each page is a snapshot of its own moment. Each iterator, or stream, reads the list anew. How many items a page has is
 * said by the request; 50 where it does not say.
 *
 * @param <T> of the items
 */
public final class Pages<T> implements Iterable<T> {
  private final Function<String, Page<T>> read;

  private Pages(Function<String, Page<T>> read) {
    this.read = read;
  }

  /**
   * The pages of a request.
   *
   * @param call reads one
   * @param items of an answer
   */
  static <Q extends Message, R extends Message, T> Pages<T> of(
      Q request, Function<Q, R> call, Function<R, List<T>> items) {
    FieldDescriptor token = request.getDescriptorForType().findFieldByName("page_token");
    return new Pages<>(
        after -> {
          @SuppressWarnings("unchecked")
          Q asking = after == null ? request : (Q) request.toBuilder().setField(token, after).build();
          R answer = call.apply(asking);
          FieldDescriptor next = answer.getDescriptorForType().findFieldByName("next_page_token");
          return new Page<>(items.apply(answer), (String) answer.getField(next));
        });
  }

  /**
   * Reads the list from its beginning, or from the page token of the request.
   *
   * @return its {@code hasNext} reads pages, and throws a {@link LotkeeperException} where one is refused
   */
  @Override
  public Iterator<T> iterator() {
    return new Walk();
  }

  /**
   * The same as a stream.
   *
   * @return it reads pages as its items are taken
   */
  public Stream<T> stream() {
    return StreamSupport.stream(spliterator(), false);
  }

  private static final class Page<T> {
    private final Iterator<T> items;
    private final String next;

    Page(List<T> items, String next) {
      this.items = items.iterator();
      this.next = next;
    }
  }

  private final class Walk implements Iterator<T> {
    private Page<T> page;

    @Override
    public boolean hasNext() {
      if (page == null) {
        page = read.apply(null);
      }
      while (!page.items.hasNext() && !page.next.isEmpty()) {
        page = read.apply(page.next);
      }
      return page.items.hasNext();
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return page.items.next();
    }
  }
}
