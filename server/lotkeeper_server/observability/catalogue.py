"""Every metric that a server has, but for those of its methods (`methods.py`); docs/metrics.md is made from this."""

from typing import Final

from lotkeeper_server.observability.layout import Histogram, Metric, values_of
from lotkeeper_server.observability.why_calls_wait import Why

FAST_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)

PHASES: Final = ("load", "decide", "commit")
RETRY_CAUSES: Final = (
    "contention",
    "rows_held",
    "already_there",
    "reference_broken",
    "store_busy",
    "store_unavailable",
    "outcome_unknown",
    "versions_moved",
    "given_up",
)
CALLER_CAUSES: Final = (
    "no_token",
    "unknown",
    "revoked",
    "expired",
    "denied",
    "certificate_names",
    "jwt_shape",
    "jwt_algorithm",
    "jwt_key",
    "jwt_signature",
    "jwt_claims",
    "jwt_issuer",
    "jwt_audience",
    "jwt_no_expiry",
    "jwt_expired",
    "jwt_not_yet",
    "jwt_principal",
)
LIMITS: Final = (
    "queue",
    "works",
    "principal_calls",
    "principal_streams",
    "principal_rate",
    "places",
    "places_of_principal",
    "unknown_callers",
    "untaken_answers",
)
CONNECTION_CAUSES: Final = (
    "cancelled_calls",
    "large_metadata",
    "many_streams",
    "unfinished_messages",
    "no_calls",
    "late_messages",
    "untaken_answers",
    "connections_of_a_peer",
    "connections_in_all",
    "bytes_in_all",
)
SPAN_OUTCOMES: Final = ("sent", "queue_full", "away", "refused")
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
POOLS: Final = ("reads", "writes")

# Of calls, beside grpc_server_*.
LIMITS_HIT: Final = Metric(
    "lotkeeper_limits_hit_total",
    "counter",
    "Calls refused since a limit was passed, by limit.",
    "queue: more comes than is done, look at the busiest caller in the log (call_refused). principal_*: one caller has "
    "more than its roles allow. See limits.md.",
    ("limit",),
    values_of(LIMITS),
)
CALLERS_REFUSED: Final = Metric(
    "lotkeeper_callers_refused_total",
    "counter",
    "Calls whose caller was not let in, by cause.",
    "expired: make a new token. unknown, no_token: somebody tries, or a client is not configured; the log's "
    "callers_refused says from which address. denied: a role lacks a permission.",
    ("cause",),
    values_of(CALLER_CAUSES),
)
CONNECTIONS_ENDED: Final = Metric(
    "lotkeeper_connections_ended_total",
    "counter",
    "Connections that the server has ended since they passed a limit, by cause.",
    "A caller does not read its answers, or opens too many connections. See limits.md.",
    ("cause",),
    values_of(CONNECTION_CAUSES),
)
CONNECTIONS: Final = Metric("lotkeeper_connections", "gauge", "Connections that have had a call.")
CALLS_IN_PROGRESS: Final = Metric("lotkeeper_calls_in_progress", "gauge", "Calls in progress, streams among them.")

# Of the pipeline.
CALLS_WAITING: Final = Metric(
    "lotkeeper_calls_waiting",
    "gauge",
    "Calls that wait to be collected into a batch.",
    "Grows where more comes than is done. Look at lotkeeper_phase_seconds: which phase takes the time?",
)
CALLS_HELD: Final = Metric(
    "lotkeeper_calls_held",
    "gauge",
    "Calls that wait for what another transaction holds: a locked row, or the embedded store itself.",
    "Many for one lot: a hot lot. All for seconds: somebody has locked a table, or writes to the store's file.",
)
HELD_SECONDS: Final = Metric(
    "lotkeeper_held_seconds",
    "gauge",
    "For how long the call has been held that is held the longest.",
    "Above 1: find the other transaction (docs/stores.md); after 10 s such calls are refused with CONTENTION.",
)
CALLS_PUT_BACK: Final = Metric(
    "lotkeeper_calls_put_back_total",
    "counter",
    "How often a call was put back since another transaction held what it needs: waits for locks.",
)
CALLS_WAIT_SECONDS: Final = Metric(
    "lotkeeper_calls_wait_seconds_total",
    "counter",
    "Seconds in which calls waited, by why: locked, hot_lot, commit, load, queue. Several processes count each.",
    "docs/slow-calls.md says what to do for each; the log's calls_wait says who holds what, which lot, or whose calls.",
    ("why",),
    values_of(tuple(Why)),
)
CALL_WAITING_SECONDS: Final = Histogram(
    "lotkeeper_call_waiting_seconds",
    "histogram",
    "From a call's arrival until its batch began.",
    "A call waits for the batch before it. If it waits much longer the server has more to do than it can.",
    bounds=FAST_SECONDS,
)
BATCH_CALLS: Final = Histogram("lotkeeper_batch_calls", "histogram", "Calls in one transaction.", bounds=SIZES)
PHASE_SECONDS: Final = Histogram(
    "lotkeeper_phase_seconds",
    "histogram",
    "What a batch took: load (reading what the calls need), decide (the rules, and what they miss), commit (writing "
    "and making it durable).",
    "load and commit are the store: its disk, its network, its locks. decide is this process: its core.",
    ("phase",),
    values_of(PHASES),
    bounds=FAST_SECONDS,
)
RETRIES: Final = Metric(
    "lotkeeper_retries_total",
    "counter",
    "Batches, saves and imports that did not go through and were run again or refused, by cause.",
    "store_unavailable: the store cannot be used, the log says why. store_busy: another process keeps the embedded "
    "store. contention, rows_held, versions_moved: others change the same; a few are usual.",
    ("cause",),
    values_of(RETRY_CAUSES),
)
REPLAYS: Final = Metric(
    "lotkeeper_request_id_replays_total",
    "counter",
    "Calls that got the answer of an earlier call with the same request id.",
    "Callers repeat what had been done: their connections or deadlines are too short, or answers get lost.",
)
WORKS_WAITING: Final = Metric("lotkeeper_works_waiting", "gauge", "Saves and imports that wait for their turn.")
WORK_SECONDS: Final = Histogram(
    "lotkeeper_work_seconds",
    "histogram",
    "What a save or an import took in its transaction.",
    bounds=FAST_SECONDS,
)
READS_WAITING: Final = Metric(
    "lotkeeper_reads_waiting",
    "gauge",
    "Reads that wait for a thread.",
    "Lists, traces or watches ask for more than the reading threads give.",
)
READ_SECONDS: Final = Histogram(
    "lotkeeper_read_seconds", "histogram", "What a read took on its snapshot of the store.", bounds=FAST_SECONDS
)

# Of the store.
STORE_USABLE: Final = Metric(
    "lotkeeper_store_usable",
    "gauge",
    "1 while the store can be used, else 0.",
    "0: the log's store_not_usable says why. Calls are refused with STORE_UNAVAILABLE meanwhile.",
)
STORE_CONNECTIONS: Final = Metric(
    "lotkeeper_store_connections",
    "gauge",
    "Connections to the store that are in use, by pool.",
    "Near the pool's size for long: statements hang, or the database is slow.",
    ("pool",),
    values_of(POOLS),
)
STORE_BYTES: Final = Metric(
    "lotkeeper_store_bytes", "gauge", "Size of the embedded store's file; 0 for a server database."
)
STORE_LOG_BYTES: Final = Metric(
    "lotkeeper_store_log_bytes",
    "gauge",
    "Size of the embedded store's write-ahead log; 0 for a server database.",
    "Grows beyond 64 MB where a reader keeps an old snapshot for long.",
)
DISK_FREE_BYTES: Final = Metric(
    "lotkeeper_disk_free_bytes",
    "gauge",
    "Free space where the embedded store is, else where temporary files are.",
    "Near 0 nothing can be written: calls are refused with STORE_UNAVAILABLE. Make room, or archive.",
)
DEFINITIONS_CACHED: Final = Metric("lotkeeper_definitions_cached", "gauge", "Definitions in memory.")
DEFINITION_VERSIONS: Final = Metric(
    "lotkeeper_definition_changes_total",
    "counter",
    "How often a batch found that definitions had been saved, and dropped from memory what had changed.",
    "Many a second: somebody saves all the time, and each save costs reads.",
)
ARCHIVE_FILES: Final = Metric("lotkeeper_archive_files", "gauge", "Files of archived records that the store knows of.")

# Of watches.
WATCHES: Final = Metric("lotkeeper_watches", "gauge", "Watches in progress.")
WATCH_LAG_SECONDS: Final = Metric(
    "lotkeeper_watch_lag_seconds",
    "gauge",
    "For how long the watch has been behind the end of the feed that is behind the longest.",
    "A watcher does not read, or catches up. The log's watch_lags says whose it is.",
)
WATCH_RECORDS: Final = Metric("lotkeeper_watch_records_total", "counter", "Records sent to watchers.")
FEED_NUMBERED: Final = Metric(
    "lotkeeper_feed_numbered_total",
    "counter",
    "Records brought into the feed by this server; none on the embedded store.",
)
FEED_NUMBERING_SECONDS: Final = Histogram(
    "lotkeeper_feed_numbering_seconds", "histogram", "What bringing records into the feed took.", bounds=FAST_SECONDS
)
FEED_NUMBERING_FAILURES: Final = Metric(
    "lotkeeper_feed_numbering_failures_total",
    "counter",
    "How often that failed; refusals since another process did it are not counted.",
    "Watchers get nothing until it succeeds. The log's feed_numbering_failed says why.",
)

# Of the processes.
LOG_LINES: Final = Metric(
    "lotkeeper_log_lines_total", "counter", "Lines of the log, by level.", "", ("level",), values_of(LEVELS)
)
LOG_REPEATS: Final = Metric(
    "lotkeeper_log_repeats_total",
    "counter",
    "Lines that were counted instead of written, since they repeat others.",
    "Many: something fails again and again; the lines with `repeated` say what.",
)
TRACE_SPANS: Final = Metric(
    "lotkeeper_trace_spans_total",
    "counter",
    "Spans of traces, by what became of them: sent, or lost; of queue_full only calls are counted.",
    "away: the receiver at traces_endpoint does not answer, or not in time; refused: it takes none, the log's "
    "traces_not_sent says why. queue_full: more calls are sampled than are sent; lower traces_sample_ratio. Calls are "
    "served all the same.",
    ("outcome",),
    values_of(SPAN_OUTCOMES),
)
PID: Final = Metric("lotkeeper_process_id", "gauge", "The process's id.")
STARTS: Final = Metric(
    "lotkeeper_process_starts_total",
    "counter",
    "How often a process of this server began to serve.",
    "Rises without a restart of the server: processes die; the log's worker_ended says how.",
)
LOOP_LATE_SECONDS: Final = Metric(
    "lotkeeper_event_loop_late_seconds",
    "gauge",
    "How late the event loop was at its last look, once a second.",
    "Above 0.1: something holds the process up; reads and streams wait. Its core may be too busy.",
)
CPU_SECONDS: Final = Metric(
    "process_cpu_seconds_total", "counter", "Processor time of the process, user and system.", of_process=True
)
RESIDENT_BYTES: Final = Metric("process_resident_memory_bytes", "gauge", "Memory of the process.")
OPEN_FDS: Final = Metric(
    "process_open_fds",
    "gauge",
    "Open descriptors of the process.",
    "Near process_max_fds no more connections can be taken.",
)
MAX_FDS: Final = Metric("process_max_fds", "gauge", "How many descriptors the process may open.")
START_SECONDS: Final = Metric("process_start_time_seconds", "gauge", "When the process began, seconds since the epoch.")

OF_THE_SERVER: Final = (
    LIMITS_HIT,
    CALLERS_REFUSED,
    CONNECTIONS_ENDED,
    CONNECTIONS,
    CALLS_IN_PROGRESS,
    CALLS_WAITING,
    CALLS_HELD,
    HELD_SECONDS,
    CALLS_PUT_BACK,
    CALLS_WAIT_SECONDS,
    CALL_WAITING_SECONDS,
    BATCH_CALLS,
    PHASE_SECONDS,
    RETRIES,
    REPLAYS,
    WORKS_WAITING,
    WORK_SECONDS,
    READS_WAITING,
    READ_SECONDS,
    STORE_USABLE,
    STORE_CONNECTIONS,
    STORE_BYTES,
    STORE_LOG_BYTES,
    DISK_FREE_BYTES,
    DEFINITIONS_CACHED,
    DEFINITION_VERSIONS,
    ARCHIVE_FILES,
    WATCHES,
    WATCH_LAG_SECONDS,
    WATCH_RECORDS,
    FEED_NUMBERED,
    FEED_NUMBERING_SECONDS,
    FEED_NUMBERING_FAILURES,
    LOG_LINES,
    LOG_REPEATS,
    TRACE_SPANS,
    PID,
    STARTS,
    LOOP_LATE_SECONDS,
    CPU_SECONDS,
    RESIDENT_BYTES,
    OPEN_FDS,
    MAX_FDS,
    START_SECONDS,
)
