"""The ledger into the tables, keys and indexes of our own database, as a merchant would write it.

import.py LEDGER DATABASE: DATABASE was made by octopus-recon, with a ledger file; each row of LEDGER
becomes an order and its entry, by executemany, in one transaction.
"""

import csv
import sqlite3
import sys
from datetime import datetime

BATCH = 10_000


def main(ledger, database):
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    file = db.execute("SELECT max(file_id) FROM ledger_files").fetchone()[0]
    number = db.execute("SELECT coalesce(max(order_id), 0) FROM orders").fetchone()[0]
    orders, entries = [], []

    def store():
        db.executemany(
            "INSERT INTO orders (order_id, merchant_uid, merchant_order_id, entry_version) VALUES (?, 'M-1', ?, 1)",
            orders,
        )
        db.executemany(
            "INSERT INTO entries (order_id, version, file_id, line, amount_micros, currency, order_date,"
            " ages_from_ms, transaction_type, accounting_type, status) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            entries,
        )
        orders.clear()
        entries.clear()

    db.execute("BEGIN IMMEDIATE")
    with open(ledger, newline="") as rows:
        rows = csv.reader(rows)
        next(rows)
        for line, (id, amount, currency, created, direction, accounting, status) in enumerate(rows, 2):
            number += 1
            whole, cents = amount.split(".")
            created = datetime.fromisoformat(created)
            moment = int(created.timestamp() * 1000)
            micros = int(whole) * 1_000_000 + int(cents) * 10_000
            orders.append((number, id))
            day = created.date().isoformat()
            entries.append((number, file, line, micros, currency, day, moment, direction, accounting, status))
            if len(orders) == BATCH:
                store()
    store()
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


main(*sys.argv[1:])
