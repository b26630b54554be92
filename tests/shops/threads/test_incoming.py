"""Answers by mail: into the thread that their address names, from its people alone, and nothing of machines."""

from __future__ import annotations

import io
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops.models import Message, MessageFile, ShopAddress, ShopMember, Side, Thread
from shops.orders import fulfilment
from shops.threads import incoming, quoting, replying, writing
from shops.threads.writing import Asker, Words
from tests import factories
from tests.shops.returns.sending_back import ask, handed_over, picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mailed(settings, tmp_path):
    settings.REPLY_ADDRESS = "reply@halles.example.org"
    settings.LANGUAGE_CODE = "en"
    settings.VAR_DIR = tmp_path


@pytest.fixture
def thread() -> Thread:
    asker = Asker("lea@example.org", "Léa", "en", confirmed=True)
    return writing.ask(factories.shop(), Words("In blue?"), asker, product_id=None, now=timezone.now())


def mail(thread: Thread, side: Side, text: str = "Thank you.", **headers: str) -> EmailMessage:
    made = EmailMessage()
    sender = thread.shop.email if side == Side.SHOP else thread.email
    said = {"From": sender, "To": replying.address(thread.pk, side), "Message-ID": "<1@example.org>", "Subject": "Re"}
    for name, value in (said | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        made[name] = value
    made.set_content(text)
    return made


def take(made: EmailMessage, **envelope: object) -> Message:
    return incoming.take(made.as_bytes(), now=timezone.now(), **envelope)


def test_answer_to_the_mail_comes_into_the_thread(thread):
    told = MailMessage.objects.get(kind="thread_shop")
    assert told.reply_to == replying.address(thread.pk, Side.SHOP)
    quoted = "\n".join(f"> {line}" for line in told.text.splitlines())
    answer = mail(
        thread, Side.SHOP, f"Yes, two.\n\nOn 3 March 2026 Halles <bonjour@halles.example.org>\nwrote:\n{quoted}"
    )
    take(answer)
    take(answer)  # the mail server hands it over again
    written = Message.objects.get(side="shop")
    assert (written.text, written.by_mail, written.waited_since is not None) == ("Yes, two.", True, True)
    back = MailMessage.objects.get(kind="thread_reader")
    assert (back.to, back.reply_to) == ("lea@example.org", replying.address(thread.pk, Side.READER))
    take(mail(thread, Side.READER, "Keep one, please."), recipient=back.reply_to.upper())
    assert list(thread.messages.values_list("side", flat=True)) == ["reader", "shop", "reader"]


def test_staff_write_from_their_own_address(thread):
    person = factories.member(thread.shop, factories.user("zoe@example.org", first_name="Zoé")).user
    sent = mail(thread, Side.SHOP)
    sent.replace_header("From", "Zoé <ZOE@example.org>")
    assert take(sent).by == person


def test_whom_the_shop_named_for_its_orders_answers_what_was_written_there():
    shop = factories.shop()
    ShopAddress.objects.create(shop=shop, kind="orders", email="Orders@example.org")
    part = factories.shop_order(shop, (factories.stock_record(shop), 1), placed=factories.order())
    thread = writing.of_order(part, now=timezone.now())
    writing.write(thread, Side.READER, Words("In blue?"), by=None, name="Léa", now=timezone.now())
    told = MailMessage.objects.get(kind="thread_shop")
    take(mail(thread, Side.SHOP, "Yes.", From="orders@example.org"))
    assert (told.to, Message.objects.get(side="shop").text) == ("Orders@example.org", "Yes.")


@pytest.mark.parametrize("sender", ["mallory@example.org", "", "lea@example.org", "looker@example.org"])
def test_nobody_else_writes_with_the_address(thread, sender):
    factories.member(thread.shop, factories.user("looker@example.org"), role=ShopMember.Role.READER)
    sent = mail(thread, Side.SHOP)
    sent.replace_header("From", sender)
    with pytest.raises(incoming.NotTheirsError):
        take(sent)
    assert Message.objects.count() == 1


def test_address_that_was_made_up_names_nothing(thread):
    good = replying.address(thread.pk, Side.READER)
    other = replying.address(thread.pk + 1, Side.READER)
    for wrong in (good.replace("-r-", "-s-"), other, good.replace("halles", "other"), "reply@halles.example.org", "x"):
        with pytest.raises(incoming.UnknownError):
            take(mail(thread, Side.READER), recipient=wrong)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<x.example.org>"},
        {"Return_Path": "<>"},
        {"X_Auto_Response_Suppress": "All", "Subject": "Automatic reply: away"},
        {"From": "reply@halles.example.org"},
    ],
)
def test_machines_are_dropped(thread, headers):
    sent = mail(thread, Side.READER)
    for name, value in headers.items():
        del sent[name.replace("_", "-")]
        sent[name.replace("_", "-")] = value
    with pytest.raises(incoming.DroppedError):
        take(sent)
    with pytest.raises(incoming.DroppedError):
        take(mail(thread, Side.READER), sender="")


def test_two_that_answer_each_other_come_to_an_end(thread):
    for number in range(writing.MOST_AN_HOUR - 1):
        take(mail(thread, Side.READER, str(number), Message_ID=f"<{number}@x>"))
    with pytest.raises(incoming.MailError, match="many messages"):
        take(mail(thread, Side.READER, "again", Message_ID="<last@x>"))


def test_files_come_along_and_logos_do_not(thread):
    sent = mail(thread, Side.READER, "See:")
    sent.add_attachment(picture(), maintype="image", subtype="jpeg", filename="=?utf-8?q?../caf=C3=A9.jpg?=")
    sent.add_attachment(b"%PDF-1.4", maintype="application", subtype="octet-stream", filename="bill.exe")
    sent.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="virus.exe")
    sent.add_attachment(b"<svg onload=alert(1)>", maintype="image", subtype="svg+xml", filename="x.svg")
    sent.add_attachment(picture(20, 20), maintype="image", subtype="png", disposition="inline", filename="logo.png")
    take(sent)
    assert [(row.kind, row.name) for row in MessageFile.objects.all()] == [("webp", "café.webp"), ("pdf", "bill.pdf")]


def test_mail_of_html_alone_is_read_as_text(thread):
    sent = mail(thread, Side.READER)
    sent.set_content("<style>x{}</style><p>Yes &amp; <b>no</b></p><script>x</script><blockquote>old", subtype="html")
    assert take(sent).text == "Yes & no"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 1000,
        b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 3000,
        b"From: " + b"<" * 100_000 + b"\nTo: " + b"(" * 100_000,
        b"Content-Type: text/plain; charset=nonsense\nContent-Transfer-Encoding: base64\n\n!!!!",
    ],
)
def test_what_is_no_mail_is_refused(thread, raw):
    with pytest.raises(incoming.MailError):
        incoming.take(raw, now=timezone.now())
    to = replying.address(thread.pk, Side.READER)
    with pytest.raises((incoming.MailError, incoming.DroppedError)):
        incoming.take(raw, recipient=to, now=timezone.now())


def test_mail_that_is_too_large_or_says_nothing_is_refused(thread, monkeypatch):
    with pytest.raises(incoming.MailError, match="Write something"):
        take(mail(thread, Side.READER, "\n> only what was quoted\n"))
    monkeypatch.setattr(incoming, "MOST_BYTES", 100)
    with pytest.raises(incoming.MailError, match="too large"):
        take(mail(thread, Side.READER))


def test_command_says_by_its_code_how_it_went(thread, monkeypatch, capsys):
    def run(made: EmailMessage, *how: str) -> int:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(made.as_bytes())))
        try:
            call_command("take_mail", *how)
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    good = mail(thread, Side.READER)
    stranger = mail(thread, Side.READER)
    stranger.replace_header("From", "x@example.org")
    absent = mail(thread, Side.READER, Auto_Submitted="auto-replied")
    codes = [run(good), run(stranger), run(absent), run(good, "--to", "reply+x@halles.example.org")]
    assert codes == [0, 77, 0, 67]
    assert "Answer the last mail you had" in capsys.readouterr().out
    assert thread.messages.count() == 2


def test_answer_to_what_is_told_of_an_order_begins_its_thread():
    shop = factories.shop()
    placed = factories.order(email="lea@example.org")
    part = factories.shop_order(shop, (factories.stock_record(shop), 1), placed=placed)
    fulfilment.accept_all(part, by="staff", now=timezone.now())
    told = MailMessage.objects.get(kind="shop_order_accepted")
    answer = EmailMessage()
    for name, value in {"From": "lea@example.org", "To": told.reply_to, "Message-ID": "<9@example.org>"}.items():
        answer[name] = value
    answer.set_content("When?")
    written = take(answer)
    assert (written.text, written.side, written.thread.shop_order) == ("When?", "reader", part)
    answer.replace_header("From", "mallory@example.org")
    other = factories.shop_order(shop, (factories.stock_record(shop), 1), placed=factories.order(email="b@example.org"))
    answer.replace_header("To", replying.address_of_order(other.pk))
    with pytest.raises(incoming.NotTheirsError):
        take(answer)
    assert Thread.objects.count() == 1  # whoever may not write begins none


def test_answer_to_a_letter_of_a_return_comes_into_the_orders_thread():
    row = ask(handed_over(1, to="FR"), 1)
    told = MailMessage.objects.filter(kind="return_reader").first()
    assert told.reply_to == replying.address_of_order(row.shop_order_id)


def test_nothing_is_taken_where_no_address_is_set(thread, settings):
    sent = mail(thread, Side.READER)
    settings.REPLY_ADDRESS = ""
    with pytest.raises(incoming.UnknownError):
        take(sent)
    assert replying.address(thread.pk, Side.READER) == ""


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Oui.\r\n\r\nLe 3 mars 2026 à 10:00, Halles <x@example.org> a écrit :\r\n> vieux", "Oui."),
        ("Yes\n\n-- \nLéa, 514 555 0101", "Yes"),
        ("Yes\n\n-----Original Message-----\nold", "Yes"),
        ("Yes\n________________________________\nDe : Halles <x@example.org>", "Yes"),
        ("Yes\n\nFrom: Halles <x@example.org>\nSent: Monday", "Yes"),
        ("> Do you have it?\nYes.\n> In blue?\nNo.", "Yes.\nNo."),
        (f"Sí.\n\nEl lunes Halles dijo:\n> {quoting.MARK} Write", "Sí."),
        ("On that note: I wrote a letter to you.\nIt said: no", "On that note: I wrote a letter to you.\nIt said: no"),
        ("> all quoted", ""),
    ],
)
def test_own_words_are_what_stands_above(text, own):
    assert quoting.own_words(text) == own
