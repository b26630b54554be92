"""Why something could not be read: one table of stable codes, and the words a bookseller reads.

A `Reason` is kept as its code and values, so that it can be counted, stored as JSON, and put into words in the
language of whoever reads it. Every text says what is wrong, where, and what to do about it.
"""

from typing import Any, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from catalog_sync.column_words import COLUMN_REASONS, FIELD_WORDS, LOOK_WORDS, of_fields
from catalog_sync.number_words import NUMBER_REASONS
from shops.systems import calling

# Of one article: the article is refused, or goes in without the value that could not be read.
RECORD_REASONS: dict[str, str] = {
    "title_missing": _("No title, and no valid ISBN or EAN to find it by. Fill in the title."),
    "gtin_check_digit": _(
        "“%(value)s” is no valid ISBN or EAN: the check digit does not fit. Look for a typing mistake."
    ),
    "gtin_length": _("“%(value)s” is no ISBN or EAN: it has %(digits)s digits, not 8, 10, 12, 13 or 14."),
    "gtin_not_a_number": _("“%(value)s” is no ISBN or EAN. Leave the cell empty when the article has none."),
    "gtin_digits_lost": _(
        "“%(value)s”: a spreadsheet has dropped digits of this ISBN. Format the column as text before pasting, "
        "and export again."
    ),
    "gtin_recovered": _("“%(value)s” had lost digits; the ISBN-10 of the same line was used instead."),
    "gtin_in_store": _(
        "“%(value)s” is a number printed in the shop (it begins with 02, 04 or 20 to 29). Nobody else knows it."
    ),
    "gtin_none": _("“%(value)s” has no ISBN or EAN. Readers find it by its title alone."),
    "gtin_several": _("The article has several ISBNs (%(value)s). The first one was used."),
    "offers_several": _("The article has %(count)s offers that cannot be told apart. The first one was used."),
    "price_missing": _("No price. The article is not sold until it has one."),
    "price_on_request": _("The price is on request (“%(value)s”). The article is not sold online."),
    "price_not_understood": _("“%(value)s” was not understood as one price. Write it like 12.90 or 12,90."),
    "price_without_tax": _("“%(value)s” is a price without tax, which readers do not pay. Give the price with tax."),
    "price_zero": _("The price is 0. Give the article a price, or take it out of the list."),
    "currency_unknown": _("“%(value)s” is no currency. Write its code, like EUR or CAD."),
    "price_net_only": _("Only a trade price was given, which readers must not see. Add the retail price."),
    "quantity_not_understood": _("“%(value)s” was not understood as a number of copies. Write a whole number."),
    "quantity_negative": _("The stock is %(value)s. It counts as 0; please correct it in your system."),
    "condition_not_understood": _(
        "The condition “%(value)s” is not known and counts as the lowest. "
        "Use: new, as new, very good, good, acceptable."
    ),
    "availability_not_understood": _("The availability “%(value)s” is not known. It counts as unknown."),
    "country_unknown": _("The country “%(value)s” is not known and was left out. Write its code, like FR or CA."),
    "language_not_understood": _("The language “%(value)s” is not known. Use a code such as fr or en."),
    "line_ragged": _(
        "The line has %(found)s cells, the header has %(expected)s. Put texts that contain separators or quotation "
        "marks between quotation marks."
    ),
    "record_cut": _("The file ends in the middle of this article. Please send the file again."),
    "record_unreadable": _("The record is not well-formed XML (%(detail)s). Please have it corrected by its sender."),
    "record_too_large": _("The record is larger than %(limit)s characters. It was left out."),
    "json_broken": _("This is no JSON that can be read (%(detail)s). Please have it corrected by its sender."),
    "characters_broken": _("The line holds bytes that are no UTF-8. Please save the file as UTF-8."),
    "field_unknown": _("There is no field called “%(value)s”. Look for a spelling mistake, or leave it out."),
    "field_wrong": _("“%(value)s” cannot be the %(field)s. It was left out."),
    "not_for_sale": _("The publisher does not allow its sale in this country (%(country)s). It is not sold."),
    "record_test": _("The sender marked this as a test record. It was left out."),
}

# Of the whole file: what was decided about it, and what was found missing. None of these stops the reading.
NOTE_REASONS: dict[str, str] = {
    "encoding_decided": _("Characters were read as %(encoding)s (%(how)s)."),
    "delimiter_decided": _("Columns are separated by %(delimiter)s."),
    "sheet_decided": _("The sheet “%(sheet)s” was read."),
    "columns_found": _("Columns understood: %(columns)s."),
    "columns_ignored": _("Columns not used: %(columns)s."),
    "columns_missing": _("There is no column for: %(columns)s."),
    "columns_denied": _(
        "“%(column)s” should be the %(field)s, but %(count)s of %(cells)s cells are %(look)s. Nothing was changed. "
        "Look whether the columns have moved; if the list is right, approve the run."
    ),
    "column_left": _("“%(column)s” should be the %(field)s, but %(count)s of %(cells)s cells are %(look)s."),
    "column_renamed": _(
        "The column “%(column)s”, which gave the %(field)s, is not in the list any more; “%(other)s” would take its "
        "place. Nothing was changed. If that is right, approve the run."
    ),
    "column_dropped": _(
        "The column “%(column)s”, which gave the %(field)s, is not in the list any more. Nothing was changed. If that "
        "is right, approve the run; otherwise send the list with it."
    ),
    "column_gone": _("The column “%(column)s”, which gave the %(field)s, is not in the list any more."),
    "columns_several": _("Several columns could be the %(field)s. “%(column)s” was taken, not: %(columns)s."),
    "price_undecided": _(
        "Several columns could be the price: %(columns)s. None was taken. Say which one it is, under “Columns”."
    ),
    "header_none": _("The list names no columns. What stands in which was understood from the contents."),
    "header_late": _("The column names were found on line %(line)s."),
    "stamp_used": _("The list counts as of %(as_of)s (%(how)s)."),
    "file_cut": _("The file seems cut off. Nothing it no longer lists was taken out of sale. Please send it again."),
    "final_newline_missing": _("The last line does not end like the others did last time: the file may be cut off."),
    "control_characters": _("%(count)s records held control characters, which were removed."),
    "delta_only": _("The file lists changes only. Articles it does not mention stay as they are."),
    "end_missing": _("No line says that the list ends here, so that nothing it no longer lists was taken out of sale."),
    "end_differs": _(
        "The last line counts %(expected)s articles, %(found)s came. Nothing that is missing was taken out of sale. "
        "Please send the file again."
    ),
    "message_described": _("%(format)s, sent by %(sender)s."),
    "file_left_out": _("The file “%(name)s” could not be read: %(detail)s The others were."),
    "files_several": _("%(count)s files were read, the oldest first."),
    "updates_only": _("The message updates parts of articles. Articles it does not mention stay as they are."),
}

# Why a feed could not be read at all.
FEED_REASONS: dict[str, str] = {
    "file_missing": _("There is no file at “%(location)s”. Check the address, or wait for the shop's next export."),
    "file_unreachable": _("“%(location)s” could not be fetched: %(detail)s. We try again later."),
    "file_not_let_in": _("“%(location)s” does not let us in. Look at the user and the password, and try again."),
    "file_empty": _("The file is empty. Nothing was changed; please send it again."),
    "file_without_articles": _("The file was read but lists no article. Nothing was changed; please check the export."),
    "file_is_web_page": _(
        "A web page came instead of the file: “%(title)s”. Often the link has expired or asks for a password."
    ),
    "file_wrong_kind": _("This is %(found)s, not %(expected)s. Choose the right kind of feed, or the right file."),
    "file_no_list": _(
        "This is no list we can read: it is %(found)s. Export the list as CSV, XLSX, ONIX or JSON, and send that file."
    ),
    "file_damaged": _("The file cannot be opened: %(detail)s. It may be cut off; please send it again."),
    "file_locked": _("The file is protected with a password. Please send it without."),
    "file_too_large": _("The file is larger than %(limit)s MB. Please split it or ask us."),
    "file_growing": _("The file is still being written. We look again in a moment."),
    "folder_too_full": _("The folder holds more than %(most)s files. Please take the old ones away."),
    "sftp_address_wrong": _(
        "This is no SFTP address. Write it like sftp://user@host/folder/; the password is kept apart from it."
    ),
    "sftp_host_new": _(
        "%(host)s was called for the first time, and showed the key %(fingerprint)s. Compare it with what the shop's "
        "provider says, and confirm it with the feed. Nothing was sent until then."
    ),
    "sftp_host_changed": _(
        "%(host)s has another key than before (%(fingerprint)s): it is a new server, or somebody stands in between. "
        "Nothing was sent. Ask the shop's provider before you confirm the new key with the feed."
    ),
    "sftp_not_let_in": _("The SFTP server does not let “%(user)s” in. Look at the password or the key."),
    "sftp_key_unreadable": _(
        "The private key for SFTP cannot be read. Give it whole, in OpenSSH's form and without a passphrase."
    ),
    "paging_stuck": _(
        "The shop's system gave the same page again (after “%(after)s”), so that the list has no end. Please tell "
        "whoever runs it."
    ),
    "paging_endless": _("After %(pages)s pages the list had not ended. Please tell whoever runs the shop's system."),
    "halles_address_wrong": _("Give the address of the shop's page there, like https://site/shops/shop/."),
    "columns_unknown": _(
        "The columns were not recognised (found: %(columns)s). Needed: an ISBN, EAN or article number, and a title. "
        "Rename the columns, or tell us which is which."
    ),
    "column_mapped_missing": _(
        "The column “%(column)s” is not in the file any more. Found: %(columns)s. Say under “Columns” which is which "
        "now."
    ),
    "list_elsewhere": _("The list is fetched from its address and not kept here, so that it cannot be shown."),
    "workbook_too_large": _(
        "The workbook is too large to be shown here (more than %(limit)s MB, or much more inside). Save the sheet as "
        "CSV and send that."
    ),
    "columns_twice": _("Two columns cannot both be the %(field)s. Choose one of them."),
    "columns_no_identifier": _("Say which column has the ISBN, the EAN or your article number."),
    "kind_not_found": _(
        "It was not recognised what kind of file this is (it begins with “%(start)s”). Choose the kind: %(known)s."
    ),
    "reading_memory": _(
        "Reading the file took more memory than one list may have. Nothing was changed. Export it without pictures and "
        "macros, or split it; if it is as it should be, ask us."
    ),
    "reading_processor": _(
        "Reading the file took far longer than a list of its size does. Nothing was changed. Please look whether "
        "it is the right file; if it is, ask us."
    ),
    "reading_time": _(
        "Reading took too long and was ended. Nothing was changed. We try again later; if it stays so, please tell "
        "whoever runs the shop's system."
    ),
    "reading_crashed": _(
        "The file made our reading program break off. Nothing was changed. Please ask us: the mistake is ours to mend."
    ),
    "feed_kind_unknown": _("There is no kind of feed called “%(kind)s”. Known: %(known)s."),
}

# What a run decided, about the whole list and about single articles of it.
RUN_REASONS: dict[str, str] = {
    "run_unchanged": _("The list is the same as last time. Nothing had to be changed."),
    "run_drop": _(
        "%(gone)s of %(known)s articles are missing from the list. Nothing was changed. If that is right, approve "
        "the run; otherwise send the whole list again."
    ),
    "run_prices_jumped": _(
        "%(count)s of %(compared)s prices moved by more than %(limit)s %%. Nothing was changed. If the new prices "
        "are right, approve the run."
    ),
    "run_prices_missing": _(
        "%(count)s of %(known)s articles have lost their price. Nothing was changed. If that is right, approve the run."
    ),
    "run_stock_fell": _(
        "%(count)s of %(known)s articles that were in stock are now at zero or unknown. Nothing was changed. If that "
        "is right, approve the run."
    ),
    "run_currency_changed": _(
        "The currency of %(count)s of %(known)s articles is another one. Nothing was changed. If that is right, "
        "approve the run."
    ),
    "run_gtins_changed": _(
        "%(count)s of %(known)s articles have another ISBN or EAN than before. Nothing was changed. If that is right, "
        "approve the run; otherwise look whether the columns have moved."
    ),
    "run_typed": _("%(count)s articles that were typed by hand are in this list: it sells them from now on."),
    "run_approved": _("Approved by %(person)s."),
    "run_other_file": _("The list has changed since it awaited approval. It was looked at again."),
    "run_undone": _(
        "This very list was undone before. Nothing was changed. If it is right after all, approve the run; otherwise "
        "send the right list."
    ),
    "undo_done": _(
        "Undone: %(count)s articles are as they were. %(left)s were changed since and stay as they are. What had a new "
        "number is not sold until the next one comes."
    ),
    "undo_changed_since": _("A later list has changed this article. It is left as it is."),
    "run_older": _("%(count)s articles were left as they are: the list is older than what we have."),
    "run_broken_off": _("Reading broke off: %(detail)s. What was read went in, nothing was taken out of sale."),
    "run_interrupted": _("The run was interrupted. The next one starts over."),
    "run_not_vouched": _(
        "%(count)s lines without a number could not be read, so that nothing was taken out of sale for missing from "
        "the list."
    ),
    "price_jumped": _(
        "The price moved from %(old)s to %(value)s. The old one is kept. If the new one is right, approve the run."
    ),
    "price_far": _(
        "The price is %(value)s, and other shops ask about %(others)s for a new copy. It is not taken. If it is right, "
        "approve the run."
    ),
    "price_fixed": _(
        "The price is %(value)s, and the publisher has fixed it at %(others)s by law. It is not taken. Correct it, or "
        "approve the run if the fixed price does not hold any more."
    ),
    "price_low": _("The price is only %(value)s. It is not taken. If it is right, approve the run."),
    "gtin_changed": _(
        "The article number stood for %(old)s until now, and for %(value)s today. It is not sold until a person has "
        "said which."
    ),
    "title_alike": _(
        "It has no ISBN or EAN and may be a title that is listed already. It is not sold until the network has looked. "
        "Add its number, if it has one, and it is sold at once."
    ),
    "currency_other": _(
        "The price is in %(value)s, and this marketplace sells in %(currency)s. The article is not sold."
    ),
    "article_unknown": _("The stock list has an article that the catalogue has not. It is left out."),
}

REASONS: dict[str, str] = RECORD_REASONS | NOTE_REASONS | FEED_REASONS | RUN_REASONS | COLUMN_REASONS
REASONS |= NUMBER_REASONS | calling.WORDS

# Values that are words of ours, not of the file.
WORDS = frozenset(
    [
        *(_("mark"), _("zero bytes"), _("valid UTF-8"), _("declared"), _("assumed")),
        _("UTF-8 with broken bytes"),
        *(_("as the sender wrote"), _("time of the file"), _("as late as it may be")),
        *(_("semicolons"), _("tabs"), _("commas"), _("bars")),
        *FIELD_WORDS.values(),
        *(*LOOK_WORDS.values(), *calling.DETAILS),
        *(_("a picture"), _("a PDF document"), _("a program"), _("a film or a sound"), _("a database")),
        *(_("packed in a way we do not unpack"), _("bytes that are no text")),
    ]
)
SHOWN_CHARACTERS = 80  # of a value
SHOWN_LIST = 400  # of a list of columns


class Reason(NamedTuple):
    """One thing to tell a bookseller. `code` is a key of `REASONS`; `values` fill its text: (name, value) pairs."""

    code: str
    values: tuple[tuple[str, str], ...] = ()

    def words(self) -> str:
        """The text in the active language."""
        text = gettext(REASONS[self.code])
        said = of_fields if self.code == "columns_missing" else str
        values = {name: gettext(value) if value in WORDS else said(value) for name, value in self.values}
        return text % values if values else text


def words_of(note: dict[str, object]) -> str:
    """What a run says, in the language of whoever reads it; as it was stored where the code is not known any more."""
    values = note.get("values")
    if note.get("code") not in REASONS or not isinstance(values, dict):
        return str(note.get("text", ""))
    return Reason(str(note["code"]), tuple(values.items())).words()


class _Left(dict[str, str]):
    """Values that are not at hand."""

    def __missing__(self, name: str) -> str:
        return "…"


def words_of_code(code: str) -> str:
    """What a reason says of any article, in the active language: "“…” was not understood as one price."."""
    text = REASONS.get(code)
    return gettext(text) % _Left() if text else code


def refusals(refused_by: dict[str, int]) -> list[tuple[int, str]]:
    """[(articles, why)] of a run's counts, the most first, in the active language."""
    return [(count, words_of_code(code)) for code, count in sorted(refused_by.items(), key=lambda found: -found[1])]


def reason(code: str, **values: Any) -> Reason:
    """A `Reason` with its values as short texts. Raises KeyError for a code that is not in the table."""
    if code not in REASONS:
        raise KeyError(code)
    limits = {name: SHOWN_LIST if name == "columns" else SHOWN_CHARACTERS for name in values}
    return Reason(code, tuple((name, shorten(str(value), limits[name])) for name, value in values.items()))


def shorten(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """At most `limit` characters of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class FeedError(Exception):
    """The only exception that leaves an adapter. `permanent`: a person has to act (wrong address, unknown columns);
    otherwise trying again later may help. `reason`: the code and values behind the message, for counting and for
    translation. `later_seconds`: the shop's system asks not to be called again before."""

    def __init__(self, message: str, *, permanent: bool, reason: Reason | None = None, later_seconds: int = 0) -> None:
        super().__init__(message)
        self.later_seconds = later_seconds
        self.permanent = permanent
        self.reason = reason


class ReadingEndedError(FeedError):
    """The reading took more memory or time than it may, or its program failed. Nothing that it had said is taken."""


def feed_error(code: str, *, permanent: bool, **values: Any) -> FeedError:
    """A `FeedError` whose words come from the table."""
    why = reason(code, **values)
    return FeedError(why.words(), permanent=permanent, reason=why)
