"""Carriers by the names that staff write, with the page on which each follows a parcel. A carrier that is not here is
named all the same, without a link."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote


class Carrier(NamedTuple):
    """`address`: the tracking number stands for {}. `also`: other names, folded as `_folded` does."""

    name: str
    address: str
    also: tuple[str, ...] = ()


CARRIERS = (
    Carrier("Postes Canada", "https://www.canadapost-postescanada.ca/track-reperage/fr#/search?searchFor={}",
            ("canadapost", "postecanada", "xpresspost")),
    Carrier("Purolator", "https://www.purolator.com/fr/expedition/suivi?pin={}"),
    Carrier("Nationex", "https://www.nationex.com/suivi/?id={}"),
    Carrier("Intelcom", "https://intelcom.ca/fr/suivre-votre-colis/?tracking-id={}", ("dragonfly",)),
    Carrier("La Poste", "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
            ("colissimo", "lettresuivie", "laposte")),
    Carrier("Chronopost", "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}"),
    Carrier("Mondial Relay", "https://www.mondialrelay.fr/suivi-de-colis/?numeroExpedition={}"),
    Carrier("Colis Privé", "https://www.colisprive.com/moncolis/pages/detailColis.aspx?numColis={}"),
    Carrier("DPD", "https://www.dpd.fr/trace/{}"),
    Carrier("GLS", "https://gls-group.com/track/{}"),
    Carrier("UPS", "https://www.ups.com/track?tracknum={}"),
    Carrier("FedEx", "https://www.fedex.com/fedextrack/?trknbr={}"),
    Carrier("DHL", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}"),
    Carrier("USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels={}"),
    Carrier("bpost", "https://track.bpost.cloud/btr/web/#/search?itemCode={}"),
)  # fmt: skip
NAMES = tuple(carrier.name for carrier in CARRIERS)
_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{3,78}")


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if letter.isalnum() and not unicodedata.combining(letter))


_BY_NAME = {name: carrier for carrier in CARRIERS for name in (_folded(carrier.name), *carrier.also)}


def tracking_url(carrier: str, tracking: str) -> str:
    """The carrier's page on this parcel; empty where the carrier or the number is none that we know to be one."""
    found = _BY_NAME.get(_folded(carrier))
    if found is None or not _NUMBER.fullmatch(tracking.strip()):
        return ""
    return found.address.format(quote(tracking.replace(" ", ""), safe=""))
