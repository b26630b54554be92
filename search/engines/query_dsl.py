"""From clauses, requests and fields to what Elasticsearch is sent, and from its answers to ours: plain dicts, no call.

Only analysers, queries and aggregations that every server has without a module are used.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from search.engines import clauses
from search.engines.clauses import Answer, Clause, Count, Request
from search.engines.fields import FIELDS, Kind

WRITTEN = "written"
"""When a document was written, in milliseconds since 1970."""

_MOST_BUCKETS = 10_000
_LONGEST_KEY = 8_191  # characters of up to four bytes: Lucene's terms have at most 32,766 bytes
_MOST_LETTERS_WITH_A_TYPO = 48
_TEXT = {"type": "text", "analyzer": "whitespace"}
_MAPPINGS: dict[Kind, dict[str, Any]] = {
    Kind.WORDS: _TEXT,
    Kind.TERMS: {**_TEXT, "index_options": "freqs"},
    Kind.KEYS: {"type": "keyword", "doc_values": False, "ignore_above": _LONGEST_KEY},
    Kind.CODES: {"type": "keyword", "ignore_above": _LONGEST_KEY},
    Kind.NUMBERS: {"type": "long"},
    Kind.ORDER_NUMBER: {"type": "long", "index": False},
    Kind.ORDER_TEXT: {"type": "keyword", "index": False, "ignore_above": _LONGEST_KEY},
    Kind.WEIGHT: {"type": "long", "index": False},
    Kind.SHOWN: {"type": "keyword", "index": False, "doc_values": False},
}

Query = dict[str, Any]


def mappings() -> dict[str, Any]:
    """Every field of ``FIELDS`` and no other; of a document only ``shown`` is kept as it was sent."""
    return {
        "dynamic": "strict",
        "_source": {"includes": ["shown"]},
        "properties": {WRITTEN: {"type": "long"}, **{name: _MAPPINGS[kind] for name, kind in FIELDS.items()}},
    }


def searches(request: Request) -> list[dict[str, Any]]:
    """The bodies of one request: hits, with the facets that have no filter of their own; then each of the others under
    all filters but its own."""
    together = [name for name in request.counts if name not in request.filters]
    hits = _body(request, _every(request, scored=not request.order and request.limit > 0), together)
    hits |= {"track_total_hits": True, "size": request.limit, "from": request.offset if request.limit else 0}
    hits["_source"] = ["shown"] if request.shown else False
    if request.order:
        descending = request.order.startswith("-")
        hits["sort"] = [{request.order.removeprefix("-"): {"order": "desc" if descending else "asc"}}]
    elif request.limit:
        weighed = {"query": hits["query"], "field_value_factor": {"field": "weight", "modifier": "ln2p"}}
        hits["query"] = {"function_score": weighed}
        hits["sort"] = [{"_score": {"order": "desc"}}, {"product": {"order": "asc"}}]
    return [
        hits,
        *(
            _body(request, _every(request, scored=False, without=name), [name]) | {"size": 0, "track_total_hits": False}
            for name in request.counts
            if name in request.filters
        ),
    ]


def answer(request: Request, responses: Sequence[Mapping[str, Any]]) -> Answer:
    """``responses`` to what ``searches`` gave, in its order."""
    found = responses[0]["hits"]
    counts = {
        name: _buckets(request.counts[name], facet["buckets"])
        for response in responses
        for name, facet in response.get("aggregations", {}).items()
    }
    return Answer(
        ids=tuple(int(hit["_id"]) for hit in found["hits"]),
        total=found["total"]["value"],
        counts=counts,
        shown=tuple(hit["_source"]["shown"][0] for hit in found["hits"]) if request.shown else (),
    )


def _body(request: Request, query: Query, facets: Sequence[str]) -> dict[str, Any]:
    counted = {name: _aggregation(request.counts[name]) for name in facets}
    return {"query": query, **({"aggs": counted} if counted else {})}


def _every(request: Request, *, scored: bool, without: str = "") -> Query:
    filters = [_query(clause, scored=False) for name, clause in request.filters.items() if name != without]
    match = _query(request.match, scored=scored)
    return {"bool": {"must": [match], "filter": filters} if scored else {"filter": [match, *filters]}}


def _aggregation(count: Count) -> dict[str, Any]:
    if not count.ranges:
        return {"terms": {"field": count.field, "size": _MOST_BUCKETS}}
    ranges = [
        {
            "key": str(position),
            **({} if low is None else {"from": low}),
            **({} if high is None else {"to": high + 1}),
        }
        for position, (low, high) in enumerate(count.ranges)
    ]
    return {"range": {"field": count.field, "ranges": ranges}}


def _buckets(count: Count, buckets: Sequence[Mapping[str, Any]]) -> dict[object, int]:
    if not count.ranges:
        return {bucket["key"]: bucket["doc_count"] for bucket in buckets}
    return {count.ranges[int(bucket["key"])]: bucket["doc_count"] for bucket in buckets}


def _query(clause: Clause, *, scored: bool) -> Query:
    """The query for a clause; unscored, what only adds to the score is left out."""
    match clause:
        case clauses.Fixed(inner, score):
            inner_query = _query(inner, scored=False)
            return {"constant_score": {"filter": inner_query, "boost": score}} if scored else inner_query
        case clauses.Boosted(inner, factor):
            inner_query = _query(inner, scored=scored)
            return {"bool": {"must": [inner_query], "boost": factor}} if scored else inner_query
        case clauses.All(must, should):
            parts: dict[str, Any] = {"must": [_query(part, scored=scored) for part in must]}
            if scored and should:
                parts["should"] = [_query(part, scored=True) for part in should]
            return parts["must"][0] if len(must) == 1 and "should" not in parts else {"bool": parts}
        case clauses.Any(any_of, at_least):
            queries = [_query(part, scored=scored) for part in any_of]
            return {"bool": {"should": queries, "minimum_should_match": at_least}}
        case clauses.Best(any_of):
            queries = [_query(part, scored=scored) for part in any_of]
            return {"dis_max": {"queries": queries}} if scored else {"bool": {"should": queries}}
        case _:
            return _leaf(clause)


def _leaf(clause: Clause) -> Query:
    match clause:
        case clauses.Everything():
            return {"match_all": {}}
        case clauses.Term(field, value):
            return {"term": {field: value}}
        case clauses.OneOf(field, values):
            return {"terms": {field: list(values)}}
        case clauses.Between(field, low, high):
            return {"range": {field: {name: end for name, end in (("gte", low), ("lte", high)) if end is not None}}}
        case clauses.Phrase(field, words, open_end):
            return {"match_phrase_prefix" if open_end else "match_phrase": {field: {"query": " ".join(words)}}}
        case clauses.Near(field, word, typos, prefix):
            return _near(field, word, typos, prefix)
        case clauses.Nothing():
            return {"match_none": {}}
    raise TypeError(clause)


def _near(field: str, word: str, typos: int, prefix: bool) -> Query:
    # A constant score is for every word that is near enough; without it only the 50 nearest count.
    if not prefix:
        return {"fuzzy": {field: {"value": word, "fuzziness": str(typos), "rewrite": "constant_score"}}}
    if not typos or len(word) > _MOST_LETTERS_WITH_A_TYPO:
        return {"prefix": {field: {"value": word}}}
    return {"regexp": {field: {"value": _begins_nearly(word), "flags": "NONE"}}}


def _begins_nearly(word: str) -> str:
    """A regular expression for words that begin with ``word`` or what is one edit away. At each letter: it is left out,
    another one is in its place or before it; or it changes places with the next."""
    letters = [letter if letter.isalnum() else f"\\{letter}" for letter in word]
    ways = []
    for at, letter in enumerate(letters):
        before, after = "".join(letters[:at]), letters[at + 1 :]
        ways.append(f"{before}.?{letter}?{''.join(after)}")
        if after and after[0] != letter:
            ways.append(f"{before}{after[0]}{letter}{''.join(after[1:])}")
    return f"({'|'.join(ways)}).*"
