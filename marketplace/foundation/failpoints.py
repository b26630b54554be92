"""Named places where a test can kill the process: every commit and every outgoing call has one before and after it.

`HALLES_FAIL=<name>:<nth>` makes the nth passage through that failpoint exit with 137, as `kill -9` would.
"""

from __future__ import annotations

import os
from collections import Counter

# Every failpoint by name, so that a test can visit all of them; passing an unlisted one is an error.
FAILPOINTS: dict[str, str] = {
    "mail.before_send": "a message is leased, not yet handed to the mail server",
    "mail.after_send": "the mail server has it, we have not recorded it",
    "audit.before_commit": "entries of the audit trail got their places in the chain, not yet committed",
    "audit.after_commit": "they have them, nothing else has happened",
    "sync.before_commit": "a chunk of a feed is merged, not yet committed",
    "sync.after_commit": "a chunk of a feed is committed, its run not yet reported",
    "index.before_write": "titles are claimed, not yet in the index",
    "index.after_write": "titles are in the index, still marked",
    "holds.before_commit": "units are taken for a checkout, not yet committed",
    "session.before_create": "the checkout is frozen, the payment session not yet asked for",
    "session.after_create": "the payment session exists, we have not recorded it",
    "event.before_apply": "an event of the payment provider is stored, not yet applied",
    "event.after_apply": "an event is applied, not yet marked so",
    "placing.before_commit": "order, shop orders and transmissions are written, not yet committed",
    "placing.after_commit": "the order is committed, nothing else has happened",
    "gift_card.before_issue": "a gift card bought online is paid, not yet issued",
    "gift_card.after_issue": "it is issued and booked, nothing else has happened",
    "transmission.before_send": "a shop order is leased for sending",
    "transmission.after_send": "the shop has it, we have not recorded it",
    "bringing.before_commit": "rows that a shop took along elsewhere are brought in and counted, not yet committed",
    "bringing.after_commit": "they are brought in, the rest of the file not yet",
    "cancellation.before_call": "what a reader took back is leased, its shop not yet told",
    "cancellation.after_call": "the shop is told, we have not recorded it",
    "cancellation.before_commit": "the shop's own word that copies are free is recorded, not yet committed",
    "cancellation.after_commit": "it is committed, nothing else has happened",
    "hearing.before_take": "a shop's system has said how its orders are, nothing of it is done",
    "hearing.after_lines": "of one order the lines are as the system says, its parcels not yet",
    "hearing.after_order": "one order is as the system says, the others not yet",
    "hearing.before_finish": "all of it is done, we have not recorded that the system was asked",
    "acknowledging.before_commit": "what a system answered is carried out, not yet committed",
    "acknowledging.after_commit": "it is committed, nothing else has happened",
    "acknowledging.before_finish": "all answers are carried out, we have not recorded that they were fetched",
    "carrying.before_commit": "what became of a parcel that another shop hands over is written, not yet committed",
    "carrying.after_commit": "it is committed, nothing else has happened",
    "ending.before_commit": "the payment session is over and its copies released, not yet committed",
    "ending.after_commit": "they are released, nothing else has happened",
    "reservation.before_commit": "a reservation's time is over and its copy free, not yet committed",
    "reservation.after_commit": "it is free, nothing else has happened",
    "desk.before_commit": "what staff pressed half a minute ago is carried out, not yet committed",
    "desk.after_commit": "it is committed, nothing else has happened",
    "motion.before_commit": "the ballots of a vote that is over are open and counted, not yet committed",
    "motion.after_commit": "they are, nothing else has happened",
    "expire.before_commit": "what no shop answered has ended, not yet committed",
    "expire.after_commit": "it has ended, nothing else has happened",
    "take_back.before_commit": "what nobody came for is taken back, not yet committed",
    "take_back.after_commit": "it is taken back, nothing else has happened",
    "transmission.after_fall_back": "the shop's own channel gave up, its other one has not been called",
    "alternative.before_commit": "the reader has answered an offer, not yet committed",
    "alternative.after_commit": "the reader has answered an offer, nothing else has happened",
    "back_order.before_commit": "a reader is told that something is not there on its day, not yet committed",
    "back_order.after_commit": "the reader is told, nothing else has happened",
    "undated.before_commit": "a reader is told that no day is known for what was ordered, not yet committed",
    "undated.after_commit": "the reader is told, nothing else has happened",
    "not_ready.before_commit": "a shop or a reader is told of what is not ready, not yet committed",
    "not_ready.after_commit": "they are told, nothing else has happened",
    "late_day.before_commit": "a reader does not wait for a late day, not yet committed",
    "late_day.after_commit": "another shop is looked for, nothing else has happened",
    "parcel_again.before_commit": "other copies are sent for what was lost, not yet committed",
    "parcel_again.after_commit": "other copies are sent, nothing else has happened",
    "rerouting.before_commit": "another shop has the order, not yet committed",
    "rerouting.after_commit": "another shop has the order, nobody was told",
    "capture.before_call": "the capture is decided and its key stored",
    "capture.after_call": "the money is captured, we have not recorded it",
    "refund.before_call": "the refund is decided and its key stored",
    "refund.after_call": "the money is refunded, we have not recorded it",
    "return_check.before_commit": "what came back is looked at and its refund due, not yet committed",
    "return_check.after_commit": "its refund is due, nothing else has happened",
    "return_refund.before_commit": "the refunds of a return are asked for, not yet committed",
    "return_refund.after_commit": "they are asked for, no money has moved",
    "parcel_refund.before_commit": "the refunds of a lost parcel are asked for, not yet committed",
    "parcel_refund.after_commit": "they are asked for, no money has moved",
    "handover.before_commit": "what a shop gets for a parcel it handed over is booked, not yet committed",
    "handover.after_commit": "it is booked, nothing else has happened",
    "transfer.before_call": "the transfer is due and its key stored",
    "transfer.after_call": "the money is transferred, we have not recorded it",
    "reversal.before_call": "a transfer is to be taken back in part and the key stored",
    "reversal.after_call": "it is taken back, we have not recorded it",
    "local.before_call": "a call to a local currency's service is marked as tried, not yet made",
    "local.after_call": "the service has answered it, we have not recorded it",
    "evidence.before_call": "a person had the evidence of a dispute handed in, not yet sent",
    "evidence.after_call": "the bank has the evidence, we have not recorded it",
}

passed: dict[str, None] = {}
"""Those that were passed in this process, in the order of their first passages."""
_passages: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Mark a place in the code. Does nothing unless the environment names it."""
    if name not in FAILPOINTS:
        raise KeyError(f"Failpoint {name!r} is not listed in FAILPOINTS.")
    passed.setdefault(name)
    wanted_name, _, nth = os.environ.get("HALLES_FAIL", "").partition(":")
    if name == wanted_name:
        _passages[name] += 1
        if _passages[name] == int(nth or 1):
            os._exit(137)
