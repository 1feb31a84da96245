"""The job that a merchant would write in Python, tuned: aiohttp, uvloop, orjson, sqlite3.

job.py BASE_URL LEDGER DATABASE: reads the ledger, asks order by order over 64 connections, commits
the answers in batches, and writes those whose amounts differ.
"""

import asyncio
import csv
import hashlib
import hmac
import sqlite3
import sys
from decimal import Decimal

import aiohttp
import orjson
import uvloop

KEY, SECRET = "bench-key", b"bench-secret"
IN_FLIGHT, BATCH = 64, 1000


async def main(base_url, ledger, database):
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE IF NOT EXISTS answers (id TEXT PRIMARY KEY, amount TEXT, answer BLOB)")
    keyed = hmac.new(SECRET, digestmod=hashlib.sha256)
    url = base_url + "/octopus/api/order/get"
    with open(ledger, newline="") as file:
        rows = iter(list(csv.reader(file))[1:])
    batch, differing = [], []

    def commit():
        db.execute("BEGIN")
        db.executemany("INSERT INTO answers VALUES (?, ?, ?)", batch)
        db.execute("COMMIT")
        batch.clear()

    async def work(session):
        for order_id, amount, *_ in rows:
            signing = keyed.copy()
            signing.update(b"merchant_order_id=" + order_id.encode())
            headers = {"OC-Signature": signing.hexdigest()}
            body = orjson.dumps({"merchant_order_id": order_id})
            async with session.post(url, data=body, headers=headers) as response:
                text = await response.read()
                assert response.status == 200
            payment = orjson.loads(text)["data"]["payment"]
            assert payment["merchant_order_id"] == order_id
            if Decimal(payment["final_amount"]) != Decimal(amount):
                differing.append((order_id, amount, payment["final_amount"]))
            batch.append((order_id, payment["final_amount"], text))
            if len(batch) >= BATCH:
                commit()

    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    headers = {"Content-Type": "application/json", "OC-Key": KEY}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        await asyncio.gather(*(work(session) for _ in range(IN_FLIGHT)))
    commit()
    with open(database + ".csv", "w", newline="") as file:
        csv.writer(file).writerows(sorted(differing))


uvloop.run(main(*sys.argv[1:]))
