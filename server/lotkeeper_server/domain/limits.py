"""The limits that callers meet: what comes from outside, what waits, what is kept."""

from typing import Final

NAME_CODE_POINTS_MAX: Final = 255
PATH_CODE_POINTS_MAX: Final = 750
TEXT_CODE_POINTS_MAX: Final = 4_000
"""Notes, descriptions, expressions."""
SPARE_CODE_POINTS_MAX: Final = 255
NUMBER_CHARACTERS_MAX: Final = 400
"""Of a number that is written as a text, in a document or a file."""
REQUEST_ID_CHARACTERS_MAX: Final = 128

MILLIS_MIN: Final = 0
"""1970-01-01T00:00:00Z."""
MILLIS_MAX: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z."""
MILLIS_PER_DAY: Final = 86_400_000

BATCH_ITEMS_MAX: Final = 1_000
RECORDS_PER_CALL_MAX: Final = 1_000
RECORDS_PER_BATCH_MAX: Final = 4_000
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024 - 64 * 1024
"""The largest answer: gRPC's 4 MB, less some room for its frame."""

MESSAGE_UNCOUNTED_BYTES_MAX: Final = 4 * 1024
"""A shorter request is parsed whatever it holds."""
MESSAGE_ELEMENTS_MAX: Final = 10_000
"""Fields of a longer one, at the levels where fields are repeated, and elements of those; two bytes take 500 parsed."""
MASK_FIELDS_MAX: Final = 100
"""Names in an update mask."""
FILTER_VALUES_MAX: Final = 100
"""Values of one filter."""

TOKEN_CHARACTERS_MAX: Final = 256
"""A longer page token or resume token is none of ours."""
PAGE_SIZE_DEFAULT: Final = 50
PAGE_SIZE_MAX: Final = 1_000

TRACE_DEPTH_DEFAULT: Final = 10
TRACE_DEPTH_MAX: Final = 50
"""Edges between the lot asked for and the farthest ones."""
TRACE_NODES_MAX: Final = 10_000
TRACE_EDGES_MAX: Final = 20_000
TRACE_LINKS_MAX: Final = 200_000
"""Pairs of nodes that are next to each other, where only the ends of a trace are asked for."""

REFUSAL_BYTES_MAX: Final = 7_000
"""Message and details of a failed call, as sent; gRPC clients lose larger ones."""
REFUSAL_OF_ITEM_BYTES_MAX: Final = 3_000
"""Message and details of one failed item of a batch, so that a thousand fit in an answer."""
REFUSAL_VALUE_BYTES_MAX: Final = 400
"""A longer value in a refusal, as UTF-8, is cut with an ellipsis."""
REFUSAL_MESSAGE_BYTES_MAX: Final = 800
"""A longer message is cut, too. It is sent percent-encoded, three bytes for one, in addition to its details."""
REFUSAL_VIOLATIONS_MAX: Final = 200
"""Wrong fields that are tried to be sent, the first ones; the others are counted."""
REFUSAL_SHOWN_CODE_POINTS_MAX: Final = 64
"""A refusal shows only this much of a text that is not an id."""

IMPORT_BYTES_MAX: Final = 1024 * 1024 * 1024
"""The whole stream of an import of definitions."""
IMPORT_ROW_BYTES_MAX: Final = 1024 * 1024
"""One of its rows; the longest correct row, written with JSON escapes, takes half of it."""
IMPORT_ROW_BRACKETS_MAX: Final = 50_000
"""In a row of JSON: it may stand in texts, but a million lists and objects would hold everybody up."""
IMPORT_ROWS_BYTES_MAX: Final = 4 * 1024 * 1024
"""Rows that are looked at together."""
IMPORT_BLANK_LINES_MAX: Final = 100_000
IMPORT_FAILURES_MAX: Final = 100_000
"""With more wrong rows an import is given up."""
IMPORT_FAILURES_SHOWN_MAX: Final = 1_000
IMPORT_FAILURE_CODE_POINTS_MAX: Final = 600
"""The text about one wrong row; a thousand fit in an answer."""
IMPORTS_AT_ONCE_MAX: Final = 4
"""Imports that are being sent, checked or written; each has its own file during that time."""
IMPORTS_OF_PRINCIPAL_MAX: Final = 2
"""So many of them one caller may have, so that nobody can take all places."""
EXPORTS_AT_ONCE_MAX: Final = 8
EXPORTS_OF_PRINCIPAL_MAX: Final = 4
EXPORT_LOCATIONS_MAX: Final = 1_000
STREAM_PIECE_BYTES: Final = 64 * 1024
"""The size of one message of an export."""
WATCH_READS_AT_ONCE_MAX: Final = 2
"""Reads of the store, at once, for watchers that are behind; the other threads of reads are for everybody else."""
WATCH_RECORDS_PER_READ_MAX: Final = 64
"""Records that one watcher holds while its reader is slow."""
WATCH_WALK_PER_READ_MAX: Final = 2_000
"""Records that one read of a watcher passes, wanted or not."""
WATCH_TAIL_RECORDS_MAX: Final = 2_000
"""The latest records, kept for all watchers; a watcher that is further behind reads the store."""
WATCH_TAIL_BYTES_MAX: Final = 8 * 1024 * 1024
"""And their largest size, as sent."""
AUDIT_WATCHES_MAX: Final = 16
"""Watches of events in progress; each looks at the store by itself."""
AUDIT_WATCHES_OF_PRINCIPAL_MAX: Final = 4

ROWS_PER_TRANSACTION_MAX: Final = 1_000
"""Of an import: a larger one is staged on the embedded store, so that others do not wait for it."""
KEYS_PER_STATEMENT_MAX: Final = 500
"""Keys bound to one statement; more go in several."""
ENGINE_BATCH_CALLS_MAX: Final = 128
"""Commands in one transaction; a call that holds more has one to itself."""
ENGINE_QUEUE_COMMANDS_MAX: Final = 32_768
ENGINE_QUEUE_BYTES_MAX: Final = 64 * 1024 * 1024
ENGINE_QUEUE_WORKS_MAX: Final = 4_096
"""Saves, imports and deletes, each of which has a transaction to itself."""
ENGINE_ATTEMPTS_MAX: Final = 8
"""How often a transaction that the store refused runs again before its calls are refused with CONTENTION."""
DEFINITIONS_CACHED_MAX: Final = 50_000
"""For each kind; beyond it the oldest are dropped."""
DEFINITION_CHANGES_KEPT: Final = 10_000
"""Versions whose list of changes is kept; a cache that is further behind is emptied."""

PLANT_BYTES_MAX: Final = 64 * 1024 * 1024
"""The size of a plant as one document."""
PLANTS_AT_ONCE_MAX: Final = 2
"""Documents that are read at once, and as many that are written; each may take some hundred megabytes of memory."""
PLANTS_OF_PRINCIPAL_MAX: Final = 1
PLANT_NODES_MAX: Final = 2_000_000
"""Values in it: texts, numbers, entries; an alias counts as everything that it stands for."""
PLANT_UNFOLDED_BYTES_MAX: Final = 512_000_000
"""What a document may take in memory, unless the operator says otherwise."""
PLANT_ALIAS_BYTES_MAX: Final = 32_000_000
"""What all aliases of a document may stand for, so that a short document does not become a large one."""
PLANT_DEPTH_MAX: Final = 8
PLANT_ENTRY_FIELDS_MAX: Final = 100
PLANT_TEXT_CODE_POINTS_MAX: Final = 65_536
"""A longer text is not read; which fields are too long is said for those within it."""
PLANT_GAP_BYTES_MAX: Final = 256 * 1024
"""Comments, blank lines or one text of YAML, until the next value."""
PLANT_FAULTS_MAX: Final = 100
"""How many faults of shape of one document are reported together, the first ones."""
PLANT_CHANGES_MAX: Final = 1_000
"""How many changes of an import its answer lists, the first ones."""

DENIALS_ALIKE_MAX: Final = 64
"""Kinds of denials that are counted apart, by who, from where, what and why, until they are written."""
REFUSED_PEERS_KEPT_MAX: Final = 256
"""Peers that are counted one by one until the next line of the log; others are counted together."""
REFUSED_PEERS_SHOWN_MAX: Final = 8
"""Peers that one line of the log names."""
REMEMBERED_AUTHORIZATION_CHARACTERS_MAX: Final = 8_448
"""A longer authorization is looked up each time. The tokens of issuers have some thousand characters."""
REMEMBERED_AUTHORIZATIONS_CHARACTERS_MAX: Final = 16_000_000
"""Of all of them together: memory must not hold more of texts that callers chose."""
ROLE_LOCATIONS_MAX: Final = 100
"""Locations that one role may be limited to."""
ROLE_PERMISSIONS_MAX: Final = 100
"""Permissions that a role may be given by a call."""
TOKEN_ROLES_MAX: Final = 100
"""Roles that a token may be given by a call."""
ROLES_MAX: Final = 1_000
TOKENS_MAX: Final = 10_000
GRANTS_MAX: Final = 10_000
"""Beyond so many no call makes a further one: every process has all of them in memory. Tokens: not revoked ones."""
ROLE_LIMIT_MAX: Final = 1 << 40
"""Of a principal's limits, as a role has them."""
TOKEN_OVERLAP_SECONDS_MAX: Final = 365 * 86_400
"""How long a token may go on that another one takes the place of."""
