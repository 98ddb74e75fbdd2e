"""The rules of stock, pure: no I/O, no clock, no SQL, no proto. Time and new ids come in as arguments."""
