package com.lotkeeper.client;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** What is to be done later, on one thread that is there only while something is. When it is closed all of it is done. */
final class Pauses implements AutoCloseable {
  private static final long THREAD_IDLE_SECONDS = 1;

  private final ScheduledThreadPoolExecutor timer;
  private final Set<Pause> pending = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Pauses() {
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "lotkeeper-client-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(THREAD_IDLE_SECONDS, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
  }

  /** Does it after so long; at once where this is closed, and when it is. */
  Pause after(long nanos, Runnable work) {
    Pause pause = new Pause(work);
    pending.add(pause);
    if (!closed) {
      try {
        pause.scheduled = timer.schedule(pause, nanos, TimeUnit.NANOSECONDS);
        return pause;
      } catch (java.util.concurrent.RejectedExecutionException closedMeanwhile) {
        // done below
      }
    }
    pause.run();
    return pause;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
    timer.shutdownNow();
    pending.forEach(Pause::run);
  }

  /** One thing to be done, once at most. */
  final class Pause implements Runnable {
    private final Runnable work;
    private volatile Future<?> scheduled;

    private Pause(Runnable work) {
      this.work = work;
    }

    @Override
    public void run() {
      if (pending.remove(this)) {
        work.run();
      }
    }

    /** It is not to be done any more. */
    void cancel() {
      pending.remove(this);
      Future<?> timed = scheduled;
      if (timed != null) {
        timed.cancel(false);
      }
    }
  }
}
